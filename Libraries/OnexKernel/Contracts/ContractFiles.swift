import Glibc
import OnexCore

/// Finds and reads files below the contracts directory. Blocks; meant for start-up and for tools.
struct ContractFiles {
  enum ReadError: Error {
    case notFound
    case tooLarge
    case unreadable(String)
  }

  static let names: Set<String> = ["handler_contract.yaml", "contract.yaml"]

  let limits: ContractLimits

  /// The contract files below `root` in the order of their paths, and what kept the search from being complete.
  ///
  /// Symbolic links are followed as long as they stay below `root` (a mounted ConfigMap consists of them), each folder is entered
  /// once, hidden ones never. One that leads out is a problem and is not opened: problems quote a contract's text, and whoever may put
  /// a link there may not be allowed to read what it names.
  func discover(_ root: String) -> (files: [String], problems: [ContractProblem]) {
    var search = Search(limits: limits)
    search.start(root)
    return (search.files.sorted(), search.problems)
  }

  func read(_ path: String) throws(ReadError) -> Bytes {
    // Non-blocking, so that opening a pipe that nobody writes to does not wait.
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw errno == ENOENT ? .notFound : .unreadable(ContractFiles.reason()) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .unreadable(ContractFiles.reason()) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable("it is no regular file") }
    guard status.st_size <= limits.fileBytesMax else { throw .tooLarge }
    // The file may grow while it is read, hence one byte more than it may have.
    var bytes = [UInt8](repeating: 0, count: limits.fileBytesMax + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .unreadable(ContractFiles.reason()) }
      if got == 0 { break }
      count += got
    }
    guard count <= limits.fileBytesMax else { throw .tooLarge }
    return bytes.withUnsafeBytes { Bytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// Whether `path`, its links followed, is `folder` or lies below it, its links followed; false when one of them does not exist.
  static func isBelow(_ folder: String, _ path: String) -> Bool {
    guard let folder = canonical(folder), let path = canonical(path) else { return false }
    return path == folder || path.hasPrefix(folder == "/" ? folder : folder + "/")
  }

  /// The path without links and dots; `nil` when it does not exist.
  static func canonical(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  static func reason() -> String { String(cString: strerror(errno)) }
}

private struct Search {
  private struct FolderID: Hashable {
    let device: UInt
    let inode: UInt

    init(_ status: stat) {
      device = UInt(status.st_dev)
      inode = UInt(status.st_ino)
    }
  }

  let limits: ContractLimits
  private var root = ""
  var files: [String] = []
  var problems: [ContractProblem] = []
  private var entered: Set<FolderID> = []
  private var entries = 0

  init(limits: ContractLimits) { self.limits = limits }

  mutating func start(_ root: String) {
    var status = stat()
    guard stat(root, &status) == 0 else { return note(root, "the folder cannot be read: \(ContractFiles.reason())") }
    entered.insert(FolderID(status))
    self.root = root
    enter(root, depth: 0)
  }

  private mutating func enter(_ folder: String, depth: Int) {
    guard let names = names(in: folder) else { return }
    for name in names {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      entries += 1
      guard entries <= limits.entriesMax, files.count < limits.contractsMax else {
        if problems.last?.file != folder { note(folder, "too many files: the search ended here with \(files.count) contracts") }
        return
      }
      var status = stat()
      let isLink = lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
      guard stat(path, &status) == 0 else {
        if ContractFiles.names.contains(name) { note(path, "cannot be read: \(ContractFiles.reason())") }
        continue
      }
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      guard !isLink || ContractFiles.isBelow(root, path) else {
        if isFolder || ContractFiles.names.contains(name) {
          note(path, "is a link that leads out of \(root) and is not followed")
        }
        continue
      }
      if isFolder {
        guard entered.insert(FolderID(status)).inserted else { continue }
        guard depth < limits.depthMax else {
          note(path, "lies more than \(limits.depthMax) folders deep and was not searched")
          continue
        }
        enter(path, depth: depth + 1)
      } else if ContractFiles.names.contains(name) {
        files.append(path)
      }
    }
  }

  /// Sorted, so that limits and duplicates are judged alike on every machine.
  private mutating func names(in folder: String) -> [String]? {
    guard let stream = opendir(folder) else {
      note(folder, "the folder cannot be read: \(ContractFiles.reason())")
      return nil
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream), names.count <= limits.entriesMax {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private mutating func note(_ path: String, _ message: String) {
    problems.append(ContractProblem(.contractNotFound, file: path, message))
  }
}
