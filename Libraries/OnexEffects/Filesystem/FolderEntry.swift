import Glibc

/// One entry of a folder, itself and not what it may lead to.
struct FolderEntry: Sendable, Equatable {
  enum Kind: String, Sendable {
    case file, directory, symlink, other
  }

  let name: String
  let kind: Kind
  /// Of a file.
  let bytes: Int?

  /// All entries but `.` and `..`, by name; `nil` when there are more than `max`.
  static func read(_ folder: consuming Descriptor, max: Int) throws(SystemError) -> [FolderEntry]? {
    // The stream closes the descriptor that it is given.
    guard let stream = fdopendir(dup(folder.number)) else { throw SystemError() }
    defer { closedir(stream) }
    var entries: [FolderEntry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw SystemError() }
        break
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      guard entries.count < max else { return nil }
      var status = stat()
      // Gone since it was listed.
      guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      entries.append(FolderEntry(name: name, status: status))
    }
    return entries.sorted { $0.name < $1.name }
  }

  private init(name: String, status: stat) {
    self.name = name
    switch status.st_mode & S_IFMT {
    case S_IFREG: (kind, bytes) = (.file, Int(status.st_size))
    case S_IFDIR: (kind, bytes) = (.directory, nil)
    case S_IFLNK: (kind, bytes) = (.symlink, nil)
    default: (kind, bytes) = (.other, nil)
    }
  }
}
