import CMicroHTTPD
import Glibc
import OnexThreads

/// Keeps slow clients from holding the places of a server: closes connections that take too long, and the one that has waited
/// longest when there are too many. A connection is closed by shutting its socket down; the daemon then meets its end and frees it.
final class ConnectionWatch: Sendable {
  /// Connections beyond the limit, until the next look closes the oldest ones: room for those that ask while others are slow.
  static let closingMax = 192
  /// A connection that was answered on and is quiet for longer may be closed for another.
  private static let quietMax = Duration.seconds(2)
  /// So long a new connection is safe, which is enough for a request that comes with it.
  private static let newMax = Duration.milliseconds(100)
  private static let lookMicroseconds: useconds_t = 100_000

  private struct Entry {
    let socket: Int32
    let address: ClientAddress
    var since: ContinuousClock.Instant
    /// The headers of a request were read and it is not answered.
    var isBusy = false
    var hasAnswered = false
    var isClosing = false

    /// A client that has asked before and is quiet for a moment only keeps its place, and a new one may say what it wants.
    func mayGo(at now: ContinuousClock.Instant) -> Bool {
      !isClosing && now - since >= (hasAnswered ? ConnectionWatch.quietMax : ConnectionWatch.newMax)
    }
  }

  private struct ClientAddress: Hashable {
    var high: UInt64 = 0
    var low: UInt64 = 0
  }

  private struct State {
    var entries: [OpaquePointer: Entry] = [:]
    var isStopped = false

    mutating func close(_ connection: OpaquePointer) {
      guard let entry = entries[connection], !entry.isClosing else { return }
      entries[connection]?.isClosing = true
      shutdown(entry.socket, Int32(SHUT_RDWR))
    }
  }

  private let state = ThreadMailbox(State())
  private let limits: HTTPServerLimits

  init(_ limits: HTTPServerLimits) { self.limits = limits }

  /// Begins to look for connections that take too long.
  func start() {
    _ = SystemThread.start(stackBytes: limits.threadStackBytes) { [self] in
      while waitsForConnections() {
        usleep(ConnectionWatch.lookMicroseconds)
        closeLate()
      }
    }
  }

  func stop() { state.updateAll { $0.isStopped = true } }

  func opened(_ connection: OpaquePointer) {
    var bytes = [UInt8](repeating: 0, count: 16)
    onex_mhd_client_address(connection, &bytes)
    let address = bytes.withUnsafeBytes {
      ClientAddress(high: $0.loadUnaligned(as: UInt64.self), low: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    let entry = Entry(socket: onex_mhd_socket(connection), address: address, since: .now)
    state.update { $0.entries[connection] = entry }
  }

  func closed(_ connection: OpaquePointer) { state.withLock { $0.entries[connection] = nil } }

  func hasRequest(_ connection: OpaquePointer) {
    state.withLock { state in
      state.entries[connection]?.since = .now
      state.entries[connection]?.isBusy = true
    }
  }

  func hasAnswered(_ connection: OpaquePointer) {
    state.withLock { state in
      state.entries[connection]?.since = .now
      state.entries[connection]?.isBusy = false
      state.entries[connection]?.hasAnswered = true
    }
  }

  /// - Returns: false when the server was stopped.
  private func waitsForConnections() -> Bool {
    state.wait { state -> Bool? in
      if state.isStopped { return false }
      return state.entries.isEmpty ? nil : true
    }
  }

  /// Closes connections that are late, and the oldest ones of an address or of all that are too many.
  private func closeLate() {
    let now = ContinuousClock.now
    state.withLock { state in
      var open = 0
      var openOfAddress: [ClientAddress: Int] = [:]
      for (connection, entry) in state.entries where !entry.isClosing {
        if now - entry.since >= (entry.isBusy ? limits.requestTimeout : limits.headerTimeout) {
          state.close(connection)
        } else {
          open += 1
          openOfAddress[entry.address, default: 0] += 1
        }
      }
      guard open > limits.connectionsPerAddressMax else { return }
      let candidates = state.entries.filter { $0.value.mayGo(at: now) }.sorted { $0.value.since < $1.value.since }
      for (connection, entry) in candidates {
        let ofAddress = openOfAddress[entry.address, default: 0]
        guard open > limits.connectionsMax || ofAddress > limits.connectionsPerAddressMax else { continue }
        state.close(connection)
        open -= 1
        openOfAddress[entry.address] = ofAddress - 1
      }
    }
  }
}
