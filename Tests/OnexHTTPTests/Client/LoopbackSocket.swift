import Glibc

/// Sockets on a free port of 127.0.0.1.
enum LoopbackSocket {
  /// Bound and not listening: who connects is refused.
  static func bound() -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
      }
    }
    precondition(isBound, "no port on 127.0.0.1: \(String(cString: strerror(errno)))")
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }
}
