import Glibc
import OnexHTTP
import OnexTestSupport
import Testing

/// Clients that open connections and send next to nothing, over real sockets.
@Suite(.serialized) struct SlowClientTests {
  private static let health = "GET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

  private func server(_ limits: HTTPServerLimits = HTTPServerLimits()) throws -> HTTPServer {
    try HTTPServer(host: "127.0.0.1", port: 0, limits: limits, routes: [.get("/health") { _ in .text(200, "well") }])
  }

  /// Connections that have sent `text` and wait.
  private func connect(_ count: Int, to port: Int, sending text: String) -> [Int32] {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return (0..<count).compactMap { _ in
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      let isConnected = withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      guard isConnected else {
        close(descriptor)
        return nil
      }
      _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL))
      return descriptor
    }
  }

  @Test(arguments: [
    (64, "G"), (64, "GET /health HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nabc"), (2_000, "GET /health HTTP/1.1\r\nX"),
  ])
  func slowConnectionsDoNotHideHealth(count: Int, text: String) async throws {
    let server = try server()
    defer { server.stop() }
    var slow: [Int32] = []
    defer { for descriptor in slow { close(descriptor) } }
    // The limit of open files of this process may be lower than two thousand.
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let opened = min(count, Int(min(limit.rlim_cur, 100_000)) - 200)
    slow = try await OwnThread.run { connect(opened, to: server.port, sending: text) }
    for _ in 0..<10 {
      let start = ContinuousClock.now
      #expect(try await RawExchange.send(SlowClientTests.health, to: server.port).hasSuffix("well"))
      #expect(ContinuousClock.now - start < .seconds(1))
    }
  }

  @Test func theHeaderAsAWholeHasADeadline() async throws {
    var limits = HTTPServerLimits()
    limits.headerTimeout = .milliseconds(600)
    let server = try server(limits)
    defer { server.stop() }
    let isClosed = try await OwnThread.run {
      let descriptors = connect(1, to: server.port, sending: "GET /health HTTP/1.1\r\nX: ")
      defer { for descriptor in descriptors { close(descriptor) } }
      guard let descriptor = descriptors.first else { return false }
      // A byte every tenth of a second is never idle.
      for _ in 0..<100 {
        var byte = UInt8(ascii: "x")
        var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&readable, 1, 100) > 0 { return recv(descriptor, &byte, 1, 0) <= 0 }
        _ = send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL))
      }
      return false
    }
    #expect(isClosed)
  }

  @Test func clientsThatAskAgainKeepTheirConnections() async throws {
    let server = try server()
    defer { server.stop() }
    let request = "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"
    let answered = try await OwnThread.run {
      var buffer = [UInt8](repeating: 0, count: 4096)
      var descriptors: [Int32] = []
      defer { for descriptor in descriptors { close(descriptor) } }
      for _ in 0..<40 {
        descriptors += connect(1, to: server.port, sending: request)
        guard let last = descriptors.last, recv(last, &buffer, buffer.count, 0) > 0 else { return 0 }
      }
      return descriptors.reduce(0) { count, descriptor in
        _ = send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL))
        return recv(descriptor, &buffer, buffer.count, 0) > 0 ? count + 1 : count
      }
    }
    #expect(answered == 40)
  }
}
