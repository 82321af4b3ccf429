import Glibc
import OnexCore
import OnexKernel

/// The four operations on files, blocking. Paths are looked at again at every call: what was a folder may be a link by now.
struct FileStore: Sendable {
  /// What one answer can carry.
  static let readBytesMax = 1 << 20
  /// A file is not appended to beyond this.
  static let fileBytesMax = 256 << 20
  static let entriesMax = 10_000
  private static let newFileMode: mode_t = 0o644

  let opener: BeneathOpener
  let ids: any IDSource

  func read(_ place: AllowedPaths.Place) throws -> Bytes {
    try at(place) { root throws(SystemError) in
      // O_NONBLOCK: opening a named pipe would wait for somebody to write.
      let file = try opener.open(place.names, in: root, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
      try FileStore.checkRegular(try file.status())
      return try FileStore.readAll(file)
    }
  }

  /// Replaces the file at once: a reader sees the old content or the new, also after a crash.
  func write(_ content: Bytes, to place: AllowedPaths.Place) throws {
    try inParent(of: place) { folder, name throws(SystemError) in
      let mode = try FileStore.replaceableMode(name, in: folder)
      let temporary = ".onex-\(ids.next()).tmp"
      guard let file = Descriptor(openat(folder.number, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600))
      else { throw SystemError() }
      do throws(SystemError) {
        try FileStore.writeAll(content, to: file)
        guard fchmod(file.number, mode) == 0 else { throw SystemError() }
        try file.sync()
        guard renameat(folder.number, temporary, folder.number, name) == 0 else { throw SystemError() }
      } catch {
        unlinkat(folder.number, temporary, 0)
        throw error
      }
      try folder.sync()
    }
  }

  /// Adds to the end, making the file if there is none.
  func append(_ content: Bytes, to place: AllowedPaths.Place) throws {
    try inParent(of: place) { folder, name throws(SystemError) in
      let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
      guard let file = Descriptor(openat(folder.number, name, flags, FileStore.newFileMode)) else { throw SystemError() }
      let status = try file.status()
      try FileStore.checkRegular(status)
      guard content.count <= FileStore.fileBytesMax, Int(status.st_size) <= FileStore.fileBytesMax - content.count else {
        throw SystemError(EFBIG)
      }
      try FileStore.writeAll(content, to: file)
      try file.sync()
      try folder.sync()
    }
  }

  func list(_ place: AllowedPaths.Place) throws -> [FolderEntry] {
    let entries = try at(place) { root throws(SystemError) in
      try FolderEntry.read(try opener.open(place.names, in: root, flags: O_RDONLY | O_DIRECTORY), max: FileStore.entriesMax)
    }
    guard let entries else {
      throw HandlerError(.outputTooLarge, "the folder has more than \(FileStore.entriesMax) entries")
    }
    return entries
  }

  /// Deletes a file or a symbolic link, the link itself and not what it leads to; nothing else.
  ///
  /// - Returns: false when there was no such file, nor perhaps the folder for it.
  func delete(_ place: AllowedPaths.Place) throws -> Bool {
    do throws(HandlerError) {
      try inParent(of: place) { folder, name throws(SystemError) in
        var status = stat()
        guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw SystemError() }
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFLNK: break
        case S_IFDIR: throw SystemError(EISDIR)
        default: throw SystemError(EOPNOTSUPP)
        }
        guard unlinkat(folder.number, name, 0) == 0 else { throw SystemError() }
        try folder.sync()
      }
      return true
    } catch {
      if error.details?["reason"] == "not_found" { return false }
      throw error
    }
  }

  private func at<Value>(
    _ place: AllowedPaths.Place, _ body: (borrowing Descriptor) throws(SystemError) -> Value
  ) throws(HandlerError) -> Value {
    let root: Descriptor
    do {
      root = try BeneathOpener.openRoot(place.root)
    } catch {
      throw HandlerError(
        .handlerUnavailable, "the allowed path \(place.root) \(BeneathOpener.rootProblem(error))", isRetriable: false)
    }
    do {
      return try body(root)
    } catch {
      if error.code == EFBIG { throw FileStore.tooLarge(place) }
      throw error.handlerError(place.path)
    }
  }

  /// Opens the folder that holds the last name. What is done with that name must not follow it if it is a link.
  private func inParent(
    of place: AllowedPaths.Place, _ body: (borrowing Descriptor, String) throws(SystemError) -> Void
  ) throws(HandlerError) {
    try at(place) { root throws(SystemError) in
      guard let name = place.names.last else { throw SystemError(EISDIR) }
      let folder = try opener.open(place.names.dropLast(), in: root, flags: O_RDONLY | O_DIRECTORY)
      try body(folder, name)
    }
  }

  private static func tooLarge(_ place: AllowedPaths.Place) -> HandlerError {
    HandlerError(
      .outputTooLarge, "the file is too large: up to \(readBytesMax) bytes can be read, and up to \(fileBytesMax) appended to",
      details: ["reason": "too_large"])
  }

  /// The mode that a file at `name` keeps when it is replaced; only files are.
  private static func replaceableMode(_ name: String, in folder: borrowing Descriptor) throws(SystemError) -> mode_t {
    var status = stat()
    guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      let error = SystemError()
      guard error.code == ENOENT else { throw error }
      return newFileMode
    }
    try checkRegular(status)
    return status.st_mode & 0o777
  }

  private static func checkRegular(_ status: stat) throws(SystemError) {
    switch status.st_mode & S_IFMT {
    // Another name of the file may lie outside the allowed paths.
    case S_IFREG where status.st_nlink > 1: throw SystemError(EMLINK)
    case S_IFREG: return
    case S_IFDIR: throw SystemError(EISDIR)
    case S_IFLNK: throw SystemError(ELOOP)
    // A pipe, a device or a socket: reading or writing one is not file work.
    default: throw SystemError(EOPNOTSUPP)
    }
  }

  /// The size of some files (`/proc`) is known only at their end.
  private static func readAll(_ file: borrowing Descriptor) throws(SystemError) -> Bytes {
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(file.number, &chunk, chunk.count)
      if count < 0 {
        let error = SystemError()
        if error.code == EINTR { continue }
        throw error
      }
      if count == 0 { return Bytes(content) }
      guard content.count + count <= readBytesMax else { throw SystemError(EFBIG) }
      content.append(contentsOf: chunk[..<count])
    }
  }

  private static func writeAll(_ content: Bytes, to file: borrowing Descriptor) throws(SystemError) {
    var written = 0
    while written < content.count {
      let count = content.slice(from: written, count: content.count - written).withUnsafeBytes { bytes in
        Glibc.write(file.number, bytes.baseAddress, bytes.count)
      }
      guard count < 0 else {
        written += count
        continue
      }
      let error = SystemError()
      guard error.code == EINTR else { throw error }
    }
  }
}
