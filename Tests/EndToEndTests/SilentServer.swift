import Glibc
import ProcessTestSupport

/// Takes connections and never answers: whoever calls it has done something that cannot be taken back, and does not know the outcome.
final class SilentServer: Sendable {
  let port: Int
  private let listener: Int32

  init() throws {
    port = TestEnvironment.freePort()
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0, listen(listener, 16) == 0 else { throw TestFailure("cannot listen on \(port)") }
  }

  deinit { close(listener) }

  /// - Returns: whether somebody has called since the last time. The call stays open until this process ends.
  func takeCall() -> Bool { accept(listener, nil, nil) >= 0 }
}
