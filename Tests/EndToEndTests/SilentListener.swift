import Glibc
import ProcessTestSupport

/// Something that takes connections and never says a word.
final class SilentListener: Sendable {
  let address: String
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port: UInt16? = withUnsafeMutablePointer(to: &address) { [descriptor] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        guard bind(descriptor, pointer, length) == 0, listen(descriptor, 8) == 0, getsockname(descriptor, pointer, &length) == 0
        else { return nil }
        return UInt16(bigEndian: UnsafeRawPointer(pointer).load(as: sockaddr_in.self).sin_port)
      }
    }
    guard let port else { throw TestFailure("no socket to listen on: errno \(errno)") }
    self.address = "127.0.0.1:\(port)"
  }

  deinit { close(descriptor) }
}
