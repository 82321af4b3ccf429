import Glibc
import OnexTestSupport

/// Sends bytes to a port of 127.0.0.1 as they are.
enum RawExchange {
  struct Failure: Error { let step: StaticString }

  /// An answer that takes longer has not come.
  private static let patienceSeconds = 20

  /// - Returns: everything until the server closes the connection.
  static func send(_ text: String, to port: Int) async throws -> String {
    try await OwnThread.run {
      let (descriptor, _) = LoopbackSocket.bound()
      defer { LoopbackSocket.close(descriptor) }
      var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = UInt16(port).bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      let isConnected = withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      guard isConnected else { throw Failure(step: "connect") }
      let bytes = Array(text.utf8)
      guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
        throw Failure(step: "send")
      }
      return try answer(descriptor)
    }
  }

  private static func answer(_ descriptor: Int32) throws -> String {
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        answer += buffer.prefix(count)
      } else if count == 0 || errno == ECONNRESET {
        return String(decoding: answer, as: UTF8.self)
      } else {
        throw Failure(step: "receive")
      }
    }
  }
}
