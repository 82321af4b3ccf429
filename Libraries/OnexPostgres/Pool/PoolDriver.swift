import OnexCore
import Synchronization

/// Carries out what the pool's state decides: opens and closes connections, resumes tasks, keeps time.
///
/// Everything that takes time runs as a child of `run`. The state's lock is held for the decisions only.
final class PoolDriver: Sendable {
  typealias Pool = PoolState<PostgresConnection, UInt64>
  typealias Answer = Result<PoolLease, PostgresError>

  private struct State {
    var pool: Pool
    var nextRequest: UInt64 = 0
    var continuations: [UInt64: CheckedContinuation<Answer, Never>] = [:]
  }

  /// Work that outlasts the call that caused it.
  private enum Errand: Sendable {
    case open(Pool.ID)
    case close(PostgresConnection, Pool.ID)
    case stopOpening
  }

  private let configuration: PostgresConfiguration
  private let clock: any RuntimeClock
  private let logger: Logger
  private let state: Mutex<State>
  /// At most `connectionsMax` wait in it, and one that stops.
  private let errands: AsyncStream<Errand>
  private let errandSink: AsyncStream<Errand>.Continuation
  /// The instant to wake at has come closer.
  private let wakeChanged = ChangeSignal()

  init(_ configuration: PostgresConfiguration, limits: PoolLimits, clock: any RuntimeClock, logger: Logger) {
    self.configuration = configuration
    self.clock = clock
    self.logger = logger
    state = Mutex(State(pool: Pool(limits)))
    (errands, errandSink) = AsyncStream.makeStream()
  }

  var statistics: PoolStatistics { state.withLock { $0.pool.statistics } }

  // MARK: Called from tasks that want a connection

  func acquire() async throws(PostgresError) -> PoolLease {
    let request = state.withLock { state in
      state.nextRequest += 1
      return state.nextRequest
    }
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Answer, Never>) in
        if Task.isCancelled {
          continuation.resume(returning: .failure(ConnectionThread.cancelled))
          return
        }
        perform { state, now in
          state.continuations[request] = continuation
          return state.pool.request(request, at: now)
        }
        // Between the look above and the entry into the queue, the handler found nothing to remove.
        if Task.isCancelled { cancel(request) }
      }
    } onCancel: {
      cancel(request)
    }
    return try answer.get()
  }

  private func cancel(_ request: UInt64) { perform { state, now in state.pool.cancel(request, at: now) } }

  func release(_ lease: PoolLease) {
    // Looked at outside the lock: it takes the connection's own.
    let isReusable = lease.connection.isAtRest
    perform { state, now in state.pool.returned(lease.id, isReusable: isReusable, at: now) }
  }

  func beginClosing() { perform { state, now in state.pool.beginClosing(at: now) } }

  // MARK: Carrying out

  private func perform(_ transition: (inout State, Duration) -> [Pool.Action]) {
    let actions = state.withLock { transition(&$0, clock.uptime()) }
    for action in actions {
      switch action {
      case .open(let id): errandSink.yield(.open(id))
      case .close(let connection, let id): errandSink.yield(.close(connection, id))
      case .hand(let connection, let id, let request): hand(connection, id, to: request)
      case .fail(let request, let refusal): answer(request, .failure(refusal.error))
      case .wake: wakeChanged.notify()
      case .stopOpening: errandSink.yield(.stopOpening)
      case .drained: errandSink.finish()
      }
    }
  }

  /// A connection may have broken while it was idle; nobody watched it.
  private func hand(_ connection: PostgresConnection, _ id: Pool.ID, to request: UInt64) {
    if connection.isOpen {
      answer(request, .success(PoolLease(id: id, connection: connection)))
    } else {
      perform { state, now in state.pool.bounced(id, at: now) }
    }
  }

  private func answer(_ request: UInt64, _ answer: Answer) {
    guard let continuation = state.withLock({ $0.continuations.removeValue(forKey: request) }) else {
      preconditionFailure("a request to the pool is answered once")
    }
    continuation.resume(returning: answer)
  }

  // MARK: What runs beside the callers

  /// Returns when the pool was closed and every connection is gone.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.keepTime() }
      for await errand in errands {
        switch errand {
        case .open(let id): group.addTask { await self.open(id) }
        case .close(let connection, let id):
          group.addTask {
            await connection.close()
            self.perform { state, now in state.pool.closed(id, at: now) }
          }
        // Closing a connection takes no notice of being cancelled.
        case .stopOpening: group.cancelAll()
        }
      }
      group.cancelAll()
    }
  }

  private func open(_ id: Pool.ID) async {
    do {
      let connection = try await PostgresConnection.connect(configuration, logger: logger)
      perform { state, now in state.pool.opened(id, connection, at: now) }
    } catch {
      let random = Double.random(in: 0..<1)
      perform { state, now in state.pool.openFailed(id, error, at: now, random: random) }
    }
  }

  private func keepTime() async {
    while !Task.isCancelled {
      let seen = wakeChanged.generation
      let instant = state.withLock { $0.pool.wakeInstant }
      if let instant, instant <= clock.uptime() {
        perform { state, now in state.pool.tick(at: now) }
      } else {
        await waitForChange(since: seen, until: instant)
      }
    }
  }

  private func waitForChange(since generation: UInt64, until instant: Duration?) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wakeChanged.wait(since: generation) }
      // Until an instant, not for a time: the clock may move before the child runs.
      if let instant { group.addTask { try? await self.clock.sleep(untilUptime: instant) } }
      await group.next()
      group.cancelAll()
    }
  }
}

/// A connection on loan.
struct PoolLease: Sendable {
  let id: PoolDriver.Pool.ID
  let connection: PostgresConnection
}
