import CMicroHTTPD
import Glibc

/// A TCP socket that is bound and listens. Opened here and not by the C library, which would say only that it failed.
struct ListeningSocket: ~Copyable {
  private static let backlog: Int32 = 128

  let descriptor: Int32
  let port: Int

  /// - Parameter port: 0 lets the kernel choose.
  init(host: String, port: Int) throws(HTTPServerError) {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = onex_socket_kind_stream()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let outcome = getaddrinfo(host, String(port), &hints, &found)
    guard outcome == 0, let first = found else {
      throw HTTPServerError(
        .unresolvedHost, "cannot resolve the address to listen on, \"\(host)\": \(String(cString: gai_strerror(outcome)))")
    }
    defer { freeaddrinfo(found) }
    let kind = onex_socket_kind_listening()
    let descriptor = socket(first.pointee.ai_family, kind, 0)
    guard descriptor >= 0 else { throw ListeningSocket.error(errno, host, port) }
    // A port that a previous run has just left is free; one that somebody listens on stays refused.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0,
      listen(descriptor, ListeningSocket.backlog) == 0
    else {
      let code = errno
      Glibc.close(descriptor)
      throw ListeningSocket.error(code, host, port)
    }
    self.descriptor = descriptor
    self.port = ListeningSocket.boundPort(descriptor)
  }

  private static func boundPort(_ descriptor: Int32) -> Int {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &address) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
      // The port lies at the same place in sockaddr_in and sockaddr_in6.
      return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { Int(UInt16(bigEndian: $0.pointee.sin_port)) }
    }
  }

  private static func error(_ code: Int32, _ host: String, _ port: Int) -> HTTPServerError {
    switch code {
    case EADDRINUSE: HTTPServerError(.addressInUse, "port \(port) on \(host) is in use by another process")
    case EACCES: HTTPServerError(.permissionDenied, "port \(port) on \(host) may not be opened by this user")
    case EADDRNOTAVAIL: HTTPServerError(.addressNotAvailable, "\(host) is not an address of this machine")
    default: HTTPServerError(.system, "cannot listen on \(host) port \(port): \(String(cString: strerror(code)))")
    }
  }
}
