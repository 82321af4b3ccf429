import OnexCore
import OnexKernel

/// The folders that a contract allows, and where inside them a requester's path lies. This is only about texts; that nothing on
/// the way leads out again is the opener's business.
struct AllowedPaths: Sendable {
  static let bytesMax = 4096

  struct Place: Sendable, Equatable {
    /// The allowed folder.
    let root: String
    /// Names from there; empty for the folder itself.
    let names: [String]
    /// The path as it was asked for.
    let path: String

    var relative: String { names.isEmpty ? "." : names.joined(separator: "/") }
  }

  private let roots: [[String]]
  /// Absolute, without a final slash.
  let folders: [String]
  private let contractName: String

  init(_ folders: [String], contractName: String) {
    roots = folders.map(AllowedPaths.names)
    self.folders = roots.map { "/" + $0.joined(separator: "/") }
    self.contractName = contractName
  }

  /// - Throws: `NOT_ALLOWED` for what is outside, `SCHEMA_VIOLATION` for what is no absolute path.
  func place(_ path: String) throws(HandlerError) -> Place {
    let here = JSONPointer(["path"])
    guard path.hasPrefix("/") else { throw HandlerError.invalidPayload(at: here, "must be an absolute path") }
    guard path.utf8.count <= AllowedPaths.bytesMax, !path.utf8.contains(0) else {
      throw HandlerError.invalidPayload(at: here, "must have at most \(AllowedPaths.bytesMax) bytes and no NUL")
    }
    let names = AllowedPaths.names(path)
    guard !names.contains("..") else {
      throw HandlerError(.notAllowed, "the path contains \"..\", which is not allowed", details: ["reason": "not_allowed"])
    }
    // The innermost folder, where one allowed folder lies in another.
    // Names are the same when their bytes are, as for the kernel.
    let containing = roots.filter { names.starts(with: $0) { $0.utf8.elementsEqual($1.utf8) } }.max { $0.count < $1.count }
    guard let containing else {
      let folders = roots.map { "/" + $0.joined(separator: "/") }.joined(separator: ", ")
      throw HandlerError(
        .notAllowed,
        "the path is outside the allowed paths (\(folders.isEmpty ? "there are none" : folders)); "
          + "security.allowed_paths of the contract \"\(contractName)\" says what is allowed", details: ["reason": "not_allowed"])
    }
    return Place(
      root: "/" + containing.joined(separator: "/"), names: Array(names.dropFirst(containing.count)), path: path)
  }

  private static func names(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }.filter { $0 != "." }
  }
}
