import Glibc

/// A folder of a test's own under /tmp, deleted with everything in it.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/onex-effects-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no folder in /tmp: \(String(cString: strerror(errno)))")
    path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  deinit { TemporaryFolder.delete(path) }

  func file(_ name: String, _ content: String) {
    let file = fopen("\(path)/\(name)", "w")
    precondition(file != nil)
    fputs(content, file)
    fclose(file)
  }

  func folder(_ name: String) { precondition(mkdir("\(path)/\(name)", 0o755) == 0) }

  func link(_ name: String, to target: String) { precondition(symlink(target, "\(path)/\(name)") == 0) }

  func content(_ name: String) -> String? {
    guard let file = fopen("\(path)/\(name)", "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
  }

  func names() -> [String] { TemporaryFolder.names(path) }

  private static func names(_ path: String) -> [String] {
    var names: [String] = []
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  private static func delete(_ path: String) {
    if unlink(path) == 0 { return }
    for name in names(path) { delete("\(path)/\(name)") }
    rmdir(path)
  }
}
