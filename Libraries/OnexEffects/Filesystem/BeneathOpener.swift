import CFiles
import Glibc

/// Opens paths so that they cannot lead out of their root: not by `..`, not by a symbolic link, not by `/proc`'s magic links and
/// not by anything that is swapped in while the path is walked.
struct BeneathOpener: Sendable {
  enum Method: Sendable, CaseIterable {
    /// The kernel resolves the whole path (Linux 5.6). Symbolic links that stay inside are followed.
    case kernel
    /// Folder by folder. No symbolic link is followed, also not one that stays inside: between reading a link and opening what it
    /// names, it could be changed.
    case stepwise
  }

  /// A rename anywhere on the machine can make the kernel ask for another try.
  private static let triesMax = 16

  /// What this machine offers; sandboxes may forbid the system call of a kernel that has it.
  static let system = BeneathOpener(isKernelAble ? .kernel : .stepwise)

  let method: Method

  init(_ method: Method) { self.method = method }

  private static var isKernelAble: Bool {
    guard let root = Descriptor(Glibc.open("/", onex_o_path | O_DIRECTORY | O_CLOEXEC)) else { return false }
    return Descriptor(onex_open_beneath(root.number, ".", onex_o_path | O_CLOEXEC, 0)) != nil
  }

  /// Opens an allowed folder. Another user could have made a link or a folder of that name first: a link is not followed, and the
  /// folder must belong to this process's user or to root and not be writable by others.
  ///
  /// - Throws: ELOOP for a link, EPERM for a folder that others own or can write to.
  static func openRoot(_ path: String) throws(SystemError) -> Descriptor {
    guard let root = Descriptor(Glibc.open(path, onex_o_path | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) else {
      let error = SystemError()
      var status = stat()
      let isLink = error.code == ENOTDIR && lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
      throw isLink ? SystemError(ELOOP) : error
    }
    let status = try root.status()
    guard status.st_uid == geteuid() || status.st_uid == 0, status.st_mode & S_IWOTH == 0 else { throw SystemError(EPERM) }
    return root
  }

  /// Reads after the folder's name.
  static func rootProblem(_ error: SystemError) -> String {
    switch error.code {
    case ELOOP: "is a symbolic link; name the folder itself"
    case EPERM: "belongs to another user or can be written to by others; it must belong to this process's user or to root"
    default: "cannot be opened: \(String(cString: strerror(error.code)))"
    }
  }

  /// - Parameter names: from `root`; empty for `root` itself.
  /// - Throws: EXDEV or ELOOP when the path would leave `root`.
  func open(_ names: [String], in root: borrowing Descriptor, flags: Int32, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
    switch method {
    case .kernel: try openByKernel(names.isEmpty ? "." : names.joined(separator: "/"), root, flags, mode)
    case .stepwise: try openStepwise(names, root, flags, mode)
    }
  }

  private func openByKernel(
    _ path: String, _ root: borrowing Descriptor, _ flags: Int32, _ mode: UInt32
  ) throws(SystemError) -> Descriptor {
    var error = SystemError(EAGAIN)
    for _ in 0..<BeneathOpener.triesMax {
      let opened = onex_open_beneath(root.number, path, flags | O_CLOEXEC, mode)
      if let opened = Descriptor(opened) { return opened }
      error = SystemError()
      guard error.code == EAGAIN || error.code == EINTR else { break }
    }
    throw error
  }

  private func openStepwise(
    _ names: [String], _ root: borrowing Descriptor, _ flags: Int32, _ mode: UInt32
  ) throws(SystemError) -> Descriptor {
    // A descriptor of this walk's own: `root` stays the caller's.
    var folder = try step(".", in: root.number, onex_o_path | O_DIRECTORY)
    for name in names.dropLast() {
      // Without O_DIRECTORY a link is opened as itself, which tells it from a file.
      let next = try step(name, in: folder.number, onex_o_path)
      let kind = try next.status().st_mode & S_IFMT
      guard kind != S_IFLNK else { throw SystemError(ELOOP) }
      guard kind == S_IFDIR else { throw SystemError(ENOTDIR) }
      folder = next
    }
    return try step(names.last ?? ".", in: folder.number, flags, mode)
  }

  private func step(_ name: String, in folder: Int32, _ flags: Int32, _ mode: UInt32 = 0) throws(SystemError) -> Descriptor {
    guard let opened = Descriptor(openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)) else {
      let error = SystemError()
      // For a folder that is asked for the kernel does not say that it met a link.
      var status = stat()
      let isLink =
        error.code == ENOTDIR && fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
      throw isLink ? SystemError(ELOOP) : error
    }
    return opened
  }
}
