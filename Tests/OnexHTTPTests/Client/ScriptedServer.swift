import Glibc
import Synchronization

/// A server on 127.0.0.1 that answers each request with the bytes its script says, right or wrong.
final class ScriptedServer: Sendable {
  /// What happens after the answer was written.
  enum Ending: Sendable {
    /// The next request of the connection is read.
    case keepOpen
    case close
    /// Nothing more is written and the connection stays, until the server ends.
    case hang
    /// The connection is cut with a reset.
    case reset
  }

  struct Answer: Sendable {
    var bytes: String
    var ending = Ending.keepOpen

    /// A whole response; the length is worked out.
    static func response(_ status: Int, _ headers: [String] = [], body: String = "") -> Answer {
      let lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.utf8.count)"] + headers
      return Answer(bytes: lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    static let silence = Answer(bytes: "", ending: .hang)
  }

  struct Seen: Sendable {
    let method: String
    let path: String
    /// Lines as they were sent.
    let headers: [String]
    let body: String
    /// Counts from 0.
    let connection: Int

    func header(_ name: String) -> String? {
      headers.first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
        .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
    }
  }

  private struct State {
    var seen: [Seen] = []
    var connections: [Int32] = []
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    var isStopped = false
  }

  let port: Int
  private let listener: Int32
  /// Written as soon as somebody has connected.
  private let greeting: String
  private let script: @Sendable (Seen) -> Answer
  private let state = Mutex(State())

  init(greeting: String = "", _ script: @escaping @Sendable (Seen) -> Answer) {
    self.greeting = greeting
    self.script = script
    (listener, port) = LoopbackSocket.bound()
    precondition(listen(listener, 64) == 0, "cannot listen: \(String(cString: strerror(errno)))")
    spawn { server in server.accept() }
  }

  var url: String { "http://127.0.0.1:\(port)" }

  /// In the order in which they were read.
  var seen: [Seen] { state.withLock { $0.seen } }

  /// Returns when so many requests were read.
  func reads(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        guard state.seen.count < count else { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isDone { continuation.resume() }
    }
  }

  /// Cuts every connection. Must be called: the threads hold the server.
  func stop() {
    let connections = state.withLock { state in
      state.isStopped = true
      return state.connections
    }
    for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func spawn(_ body: @escaping @Sendable (ScriptedServer) -> Void) {
    final class Work: Sendable {
      let server: ScriptedServer
      let body: @Sendable (ScriptedServer) -> Void

      init(_ server: ScriptedServer, _ body: @escaping @Sendable (ScriptedServer) -> Void) {
        self.server = server
        self.body = body
      }
    }
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { pointer in
        guard let pointer else { return nil }
        let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
        work.body(work.server)
        return nil
      }, Unmanaged.passRetained(Work(self, body)).toOpaque())
    precondition(status == 0)
    pthread_detach(thread)
  }

  private func accept() {
    while true {
      let connection = Glibc.accept(listener, nil, nil)
      guard connection >= 0 else { break }
      let index: Int? = state.withLock { state in
        guard !state.isStopped else { return nil }
        state.connections.append(connection)
        return state.connections.count - 1
      }
      guard let index else {
        close(connection)
        break
      }
      spawn { server in server.serve(connection, index) }
    }
    close(listener)
  }

  private func serve(_ connection: Int32, _ index: Int) {
    var input: [UInt8] = []
    write(greeting, to: connection)
    serving: while let request = read(connection, index, &input) {
      let watchers = state.withLock { state in
        state.seen.append(request)
        defer { state.watchers.removeAll { $0.count <= state.seen.count } }
        return state.watchers.filter { $0.count <= state.seen.count }
      }
      for watcher in watchers { watcher.continuation.resume() }
      let answer = script(request)
      write(answer.bytes, to: connection)
      switch answer.ending {
      case .keepOpen: continue
      case .close: break serving
      case .hang:
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
        break serving
      case .reset:
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        break serving
      }
    }
    state.withLock { $0.connections[index] = -1 }
    close(connection)
  }

  private func write(_ text: String, to connection: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  private func read(_ connection: Int32, _ index: Int, _ input: inout [UInt8]) -> Seen? {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let separator = Array("\r\n\r\n".utf8)
    while true {
      if let end = input.indices.first(where: { input[$0...].starts(with: separator) }) {
        let head = String(decoding: input[..<end], as: UTF8.self)
        var lines = head.split(separator: "\r\n").map(String.init)
        let words = lines.removeFirst().split(separator: " ")
        let length =
          lines.first { $0.lowercased().hasPrefix("content-length:") }
          .flatMap { Int($0.dropFirst("content-length:".count).filter(\.isNumber)) } ?? 0
        if input.count >= end + 4 + length {
          let body = String(decoding: input[(end + 4)..<(end + 4 + length)], as: UTF8.self)
          input.removeFirst(end + 4 + length)
          return Seen(method: String(words[0]), path: String(words[1]), headers: lines, body: body, connection: index)
        }
      }
      precondition(input.count < 1 << 21, "a test sends no such request")
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      input.append(contentsOf: chunk[..<count])
    }
  }
}
