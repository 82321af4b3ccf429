import Glibc

/// What the kernel says that a process holds.
enum ResidentMemory {
  /// `nil` when there is no such process any more.
  static func bytes(of pid: pid_t) -> Int? {
    guard let file = fopen("/proc/\(pid)/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("VmRSS:") else { continue }
      return text.split(separator: " ").dropFirst().first.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 }
    }
    return nil
  }
}
