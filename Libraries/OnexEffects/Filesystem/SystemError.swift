import Glibc
import OnexCore
import OnexKernel

/// A failed system call.
struct SystemError: Error, Equatable {
  let code: Int32

  /// The thread's latest error; to be made before another call overwrites it.
  init() { code = errno }

  init(_ code: Int32) { self.code = code }

  /// What a requester is told. `details.reason` is for programs.
  ///
  /// - Parameter path: as the requester wrote it.
  func handlerError(_ path: String) -> HandlerError {
    let shown = "\"\(path.unicodeScalars.prefix(256).map(String.init).joined())\""
    switch code {
    case EXDEV, ELOOP:
      return SystemError.answer(.notAllowed, "not_allowed", "\(shown) leaves the allowed paths through a symbolic link")
    case EMLINK:
      return SystemError.answer(
        .notAllowed, "not_allowed",
        "\(shown) has more than one name (hard links), of which another may be outside the allowed paths")
    case ENOENT: return SystemError.answer(.handlerFailed, "not_found", "\(shown) does not exist, or a folder on the way to it")
    case ENOTDIR:
      return SystemError.answer(.handlerFailed, "not_a_folder", "\(shown), or something on the way to it, is no folder")
    case EISDIR: return SystemError.answer(.handlerFailed, "is_a_folder", "\(shown) is a folder, not a file")
    case EACCES, EPERM, EROFS:
      return SystemError.answer(.handlerFailed, "permission_denied", "this process may not do that with \(shown)")
    case ENAMETOOLONG: return SystemError.answer(.handlerFailed, "name_too_long", "\(shown) has a name that is too long")
    case EAGAIN, EBUSY, EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT, EIO, EINTR, ESTALE:
      return SystemError.answer(.handlerUnavailable, "unavailable", "\(shown): \(text)")
    default: return SystemError.answer(.handlerFailed, "failed", "\(shown): \(text)")
    }
  }

  private var text: String { String(cString: strerror(code)) }

  private static func answer(_ code: ErrorCode, _ reason: String, _ message: String) -> HandlerError {
    HandlerError(code, message, details: ["reason": .string(reason)])
  }
}
