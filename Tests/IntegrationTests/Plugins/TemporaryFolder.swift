import Glibc

/// A folder that is gone, with the files in it, when the test is over.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/onex-plugins-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Program.Failed(description: "mkdtemp: error \(errno)") }
    path = String(cString: made)
  }

  deinit {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
          tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        unlink("\(path)/\(name)")
      }
      closedir(directory)
    }
    rmdir(path)
  }

  func write(_ name: String, _ text: String) throws {
    guard let file = fopen("\(path)/\(name)", "w") else { throw Program.Failed(description: "\(name): error \(errno)") }
    fputs(text, file)
    fclose(file)
  }

  static func read(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw Program.Failed(description: "\(path): error \(errno)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }
}
