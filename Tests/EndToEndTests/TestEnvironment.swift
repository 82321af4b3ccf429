import Glibc
import OnexCore

struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What `make test` prepares, and waiting with a bound.
enum TestEnvironment {
  static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  static func optional(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  static func value(_ name: String) throws -> String {
    guard let value = optional(name) else { throw TestFailure("\(name) is not set: run these tests with `make test`") }
    return value
  }

  /// A folder for logs, beside the private stack.
  static let scratch: String = {
    let folder = (optional("ONEX_LOCAL_DIR") ?? "/tmp") + "/end-to-end"
    mkdir(folder, 0o700)
    return folder
  }()

  /// Asks until there is an answer, at most for `limit`.
  static func eventually<Value>(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(30), _ look: () async throws -> Value?
  ) async throws -> Value {
    let clock = SystemClock()
    let end = clock.uptime() + limit
    while true {
      if let value = try await look() { return value }
      guard clock.uptime() < end else { throw TestFailure("not within \(limit): \(what())") }
      // Another process's state cannot be waited for, only looked at.
      try await clock.sleep(for: .milliseconds(20))
    }
  }

  static func freePort() -> Int {
    let descriptor = socket(AF_INET, Int32(1), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length)
        getsockname(descriptor, pointer, &length)
        return Int(UInt16(bigEndian: UnsafeRawPointer(pointer).load(as: sockaddr_in.self).sin_port))
      }
    }
  }
}
