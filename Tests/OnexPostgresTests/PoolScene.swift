import OnexCore
import Testing

@testable import OnexPostgres

/// A pool's state, with the time and the servers played by the test. Connections are their ids' numbers.
struct PoolScene {
  typealias State = PoolState<UInt64, Int>

  var state: State
  var now: Duration = .zero
  /// Attempts to open a connection that nobody answered yet, oldest first.
  var opening: [State.ID] = []
  /// Which connection a request has.
  var leases: [Int: State.ID] = [:]
  var failures: [Int: PoolRefusal] = [:]
  /// Requests that gave their connection back.
  var done: Set<Int> = []
  /// Connections that are to be closed, oldest first.
  var closing: [State.ID] = []
  /// Requests in the order in which they got a connection.
  var handed: [Int] = []
  var wake: Duration?
  var isStopped = false
  var isDrained = false

  init(_ limits: PoolLimits) { state = State(limits) }

  /// Small numbers, and a backoff of 1 second, then 4, without jitter.
  static func limits(
    connectionsMax: Int = 2, waitingMax: Int = 4, acquireTimeout: Duration = .seconds(10), idleMin: Int = 0,
    idleTimeout: Duration = .seconds(60)
  ) -> PoolLimits {
    PoolLimits(
      connectionsMax: connectionsMax, waitingMax: waitingMax, acquireTimeout: acquireTimeout, idleMin: idleMin,
      idleTimeout: idleTimeout,
      reopening: RetryPolicy(attemptsMax: 2, initialBackoff: .seconds(1), maxBackoff: .seconds(4), jitter: 0))
  }

  mutating func request(_ requests: Int...) { for request in requests { take(state.request(request, at: now)) } }
  mutating func cancel(_ request: Int) { take(state.cancel(request, at: now)) }
  mutating func beginClosing() { take(state.beginClosing(at: now)) }

  /// The oldest attempt succeeds.
  mutating func open() {
    let id = opening.removeFirst()
    take(state.opened(id, id.number, at: now))
  }

  mutating func failOpen(_ error: PostgresError = PoolScene.away) {
    take(state.openFailed(opening.removeFirst(), error, at: now, random: 0))
  }

  mutating func giveBack(_ request: Int, isReusable: Bool = true) throws {
    let id = try #require(leases[request])
    leases[request] = nil
    done.insert(request)
    take(state.returned(id, isReusable: isReusable, at: now))
  }

  mutating func bounce(_ request: Int) throws {
    let id = try #require(leases[request])
    leases[request] = nil
    take(state.bounced(id, at: now))
  }

  /// The oldest connection that closes is gone.
  mutating func close() { take(state.closed(closing.removeFirst(), at: now)) }

  /// Moves time, and wakes the pool as often as it asked for it.
  mutating func advance(by duration: Duration) {
    let end = now + duration
    while let instant = wake, instant <= end {
      now = max(now, instant)
      wake = nil
      take(state.tick(at: now))
    }
    now = end
  }

  private mutating func take(_ actions: [State.Action]) {
    for action in actions {
      switch action {
      case .open(let id): opening.append(id)
      case .hand(_, let id, let request):
        #expect(!leases.values.contains(id), "connection \(id.number) was handed to two")
        expectUnanswered(request)
        leases[request] = id
        handed.append(request)
      case .fail(let request, let refusal):
        expectUnanswered(request)
        failures[request] = refusal
      case .close(_, let id): closing.append(id)
      case .wake(let instant): wake = instant
      case .stopOpening: isStopped = true
      case .drained:
        #expect(!isDrained)
        isDrained = true
      }
    }
  }

  private func expectUnanswered(_ request: Int) {
    let isAnswered = leases[request] != nil || failures[request] != nil || done.contains(request)
    #expect(!isAnswered, "request \(request) was answered twice")
  }

  static let away = PostgresError(.unreachable, "connection refused")
  static let refused = PostgresError(.authentication, "password authentication failed")
}
