import Glibc
import OnexCore

package struct TestFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// What `make test` prepares, and waiting with a bound.
package enum TestEnvironment {
  package static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  package static func optional(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  package static func value(_ name: String) throws -> String {
    guard let value = optional(name) else { throw TestFailure("\(name) is not set: run these tests with `make test`") }
    return value
  }

  /// A folder for logs, beside the private stack.
  package static let scratch: String = {
    let folder = (optional("ONEX_LOCAL_DIR") ?? "/tmp") + "/end-to-end"
    mkdir(folder, 0o700)
    return folder
  }()

  /// The folder of `filesystem.*` (ONEX_DATA_DIR) of the services that tests start.
  package static let dataFolder: String = {
    let folder = scratch + "/data"
    mkdir(folder, 0o700)
    return folder
  }()

  /// Asks until there is an answer, at most for `limit`.
  package static func eventually<Value>(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(30), isolation: isolated (any Actor)? = #isolation,
    _ look: () async throws -> Value?
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

  /// For whoever listens on it at once and once.
  package static func freePort() -> Int {
    guard let port = bound(to: 0) else { preconditionFailure("the kernel has no port left") }
    return port
  }

  /// For a server that stops and comes back: from below the range that the kernel hands to outgoing connections, one of which could
  /// have taken the port meanwhile.
  package static func lastingPort() throws -> Int {
    for _ in 0..<200 {
      if let port = bound(to: .random(in: 20_000..<32_000)) { return port }
    }
    throw TestFailure("found no free port between 20000 and 32000")
  }

  /// - Returns: the port that a socket was bound to for a moment; `nil` when it is taken.
  private static func bound(to port: UInt16) -> Int? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        guard bind(descriptor, pointer, length) == 0, getsockname(descriptor, pointer, &length) == 0 else { return nil }
        return Int(UInt16(bigEndian: UnsafeRawPointer(pointer).load(as: sockaddr_in.self).sin_port))
      }
    }
  }
}
