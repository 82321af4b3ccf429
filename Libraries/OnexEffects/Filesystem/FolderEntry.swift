import Glibc
import OnexCore

/// One entry of a folder, itself and not what it may lead to.
struct FolderEntry: Sendable, Equatable {
  enum Kind: String, Sendable {
    case file, directory, symlink, other
  }

  /// Bytes that are not UTF-8 are written `\xff`; `nameBytes` tells such a name from one that is written so.
  let name: String
  /// Of a name that is not UTF-8.
  let nameBytes: Bytes?
  let kind: Kind
  /// Of a file.
  let bytes: Int?

  /// All entries but `.` and `..`, by name; `nil` when there are more than `max`.
  static func read(_ folder: consuming Descriptor, max: Int) throws(SystemError) -> [FolderEntry]? {
    // The stream closes the descriptor that it is given, if it takes it.
    let copy = fcntl(folder.number, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw SystemError() }
    guard let stream = fdopendir(copy) else {
      let error = SystemError()
      close(copy)
      throw error
    }
    defer { closedir(stream) }
    var entries: [(key: [UInt8], entry: FolderEntry)] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw SystemError() }
        break
      }
      var status = stat()
      let (name, outcome) = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) { name in
          (
            Array(UnsafeRawBufferPointer(start: name, count: strlen(name))),
            fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno
          )
        }
      }
      if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
      guard entries.count < max else { return nil }
      // Gone since it was listed. Anything else would leave out an entry without a word.
      guard outcome != ENOENT else { continue }
      guard outcome == 0 else { throw SystemError(outcome) }
      entries.append((name, FolderEntry(name: name, status: status)))
    }
    // By bytes: the order of texts depends on how accents are written.
    return entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.entry)
  }

  private init(name: [UInt8], status: stat) {
    if let text = String(validating: name, as: UTF8.self) {
      self.name = text
      nameBytes = nil
    } else {
      self.name = FolderEntry.escaped(name)
      nameBytes = Bytes(name)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: (kind, bytes) = (.file, Int(status.st_size))
    case S_IFDIR: (kind, bytes) = (.directory, nil)
    case S_IFLNK: (kind, bytes) = (.symlink, nil)
    default: (kind, bytes) = (.other, nil)
    }
  }

  /// Every byte that is not printable ASCII as `\x` and two digits.
  private static func escaped(_ name: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let bytes = name.flatMap { byte -> [UInt8] in
      (0x20...0x7E).contains(byte)
        ? [byte] : [UInt8(ascii: "\\"), UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
