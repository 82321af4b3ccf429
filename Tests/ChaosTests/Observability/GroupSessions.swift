import Glibc
import OnexCore
import OnexTestSupport
import ProcessTestSupport

/// Ends members of a consumer group in their name. Kafka does that by itself when their session is over; the development broker waits
/// for those that were killed for ever, and everybody else waits with it.
struct GroupSessions: Sendable {
  /// Of the broker on this machine.
  let port: UInt16

  /// - Parameter address: `127.0.0.1:port`.
  init(_ address: String) throws {
    guard let text = address.split(separator: ":").last, let port = UInt16(text) else {
      throw TestFailure("\(address) has no port")
    }
    self.port = port
  }

  struct Group: Sendable {
    /// "Stable", "PreparingRebalance" and so on.
    let state: String
    let members: [String]
  }

  /// Requests of the protocol in their oldest version (kafka.apache.org/protocol).
  private enum Request: Int16 {
    case leaveGroup = 13
    case describeGroups = 15
  }

  func describe(_ group: String) async throws -> Group {
    var body = WireText()
    body.append(Int32(1))
    body.append(group)
    var answer = try await ask(.describeGroups, body)
    _ = try answer.integer(as: Int32.self)
    let code = try answer.integer(as: Int16.self)
    guard code == 0 else { throw TestFailure("the broker does not describe \(group): error \(code)") }
    _ = try answer.text()
    let state = try answer.text()
    _ = try (answer.text(), answer.text())
    var members: [String] = []
    for _ in 0..<(try answer.integer(as: Int32.self)) {
      members.append(try answer.text())
      // Client, host, subscription and assignment.
      _ = try (answer.text(), answer.text(), answer.bytes(), answer.bytes())
    }
    return Group(state: state, members: members)
  }

  /// Whoever is alive learns that it is out and joins again.
  func end(of group: String) async throws {
    for member in try await describe(group).members {
      var body = WireText()
      body.append(group)
      body.append(member)
      // One that has just left by itself is not known any more, which is as good.
      _ = try await ask(.leaveGroup, body)
    }
  }

  private func ask(_ request: Request, _ body: WireText) async throws -> WireReader {
    var head = WireText()
    head.append(request.rawValue)
    head.append(Int16(0))
    head.append(Int32(1))
    head.append("chaos")
    let frame = head.bytes + body.bytes
    let port = port
    return try await OwnThread.run {
      let answer = try GroupSessions.exchange(frame, port)
      // Behind the number of the request.
      return WireReader(answer.dropFirst(4))
    }
  }

  private static func exchange(_ frame: [UInt8], _ port: UInt16) throws -> [UInt8] {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw TestFailure("the broker on port \(port) does not take connections: errno \(errno)") }
    var size = WireText()
    size.append(Int32(frame.count))
    let request = size.bytes + frame
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      throw TestFailure("the broker on port \(port) does not take requests: errno \(errno)")
    }
    var length = WireReader(try read(4, descriptor)[...])
    return try read(Int(try length.integer(as: Int32.self)), descriptor)
  }

  private static func read(_ count: Int, _ descriptor: Int32) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + done }, count - done, 0) }
      guard got > 0 else { throw TestFailure("the broker's answer ends after \(done) of \(count) bytes: errno \(errno)") }
      done += got
    }
    return bytes
  }
}
