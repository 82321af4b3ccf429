import OnexCore

/// Who has which connection and who waits for one. Pure: it knows neither clock nor server; every transition says what is to be
/// done, and the caller does it.
///
///     request ----> waiting --> handed --> returned
///                      ^                      |
///     open --> opened -+-------- idle <-------+--> close --> closed
///
/// Instants are a `RuntimeClock`'s uptime.
struct PoolState<Connection: Sendable, Request: Hashable & Sendable>: Sendable {
  struct ID: Hashable, Sendable {
    let number: UInt64
  }

  enum Action: Sendable {
    /// Answer with `opened` or `openFailed`.
    case open(ID)
    /// The request has the connection until `returned`, or `bounced` when the connection turns out to be broken.
    case hand(Connection, ID, to: Request)
    case fail(Request, PoolRefusal)
    /// Answer with `closed`.
    case close(Connection, ID)
    /// Call `tick` then. Replaces later instants.
    case wake(at: Duration)
    /// The pool closes: attempts to open a connection may be cut short.
    case stopOpening
    /// The pool closes, and every connection is gone. Nothing follows.
    case drained
  }

  struct Waiting: Sendable {
    let request: Request
    /// Counts requests: a connection goes to the lowest.
    let arrival: UInt64
    let deadline: Duration
    /// Cancelled while it was being handed a connection.
    var isCancelled = false
  }

  let limits: PoolLimits
  /// In the order of arrival, and thereby of deadlines.
  var waiting: [Waiting] = []
  /// Longest idle first.
  var idle: [(id: ID, connection: Connection, since: Duration)] = []
  var leased: [ID: (connection: Connection, borrower: Waiting)] = [:]
  var opening: Set<ID> = []
  /// They hold their place until they are gone, so that the server never sees more than `connectionsMax`.
  var closing: Set<ID> = []
  var isClosed = false
  /// The instant of the latest `wake`.
  private(set) var wakeInstant: Duration?
  var backoff = PoolBackoff()
  var openedTotal = 0
  var failedOpensTotal = 0
  private var isDrained = false
  private var nextID: UInt64 = 0
  private var nextArrival: UInt64 = 0

  init(_ limits: PoolLimits) { self.limits = limits }

  /// Places taken, of `connectionsMax`.
  var connectionCount: Int { idle.count + leased.count + opening.count + closing.count }

  var statistics: PoolStatistics {
    PoolStatistics(
      open: idle.count + leased.count, idle: idle.count, opening: opening.count, waiting: waiting.count,
      openedTotal: openedTotal, failedOpensTotal: failedOpensTotal)
  }

  mutating func takeID() -> ID {
    nextID += 1
    return ID(number: nextID)
  }

  mutating func takeArrival() -> UInt64 {
    nextArrival += 1
    return nextArrival
  }

  // MARK: What every transition ends with

  /// Does what has become possible or due.
  mutating func settle(_ actions: inout [Action], at now: Duration) {
    handOut(&actions)
    expire(&actions, at: now)
    closeIdle(&actions, at: now)
    openMore(&actions, at: now)
    arm(&actions)
    if isClosed, connectionCount == 0, !isDrained {
      isDrained = true
      actions.append(.drained)
    }
  }

  /// First come, first served. The connection used last is taken first, so that the others grow old enough to be closed.
  private mutating func handOut(_ actions: inout [Action]) {
    while let first = waiting.first, let free = idle.popLast() {
      waiting.removeFirst()
      leased[free.id] = (free.connection, first)
      actions.append(.hand(free.connection, free.id, to: first.request))
    }
  }

  private mutating func expire(_ actions: inout [Action], at now: Duration) {
    while let first = waiting.first, first.deadline <= now {
      waiting.removeFirst()
      actions.append(.fail(first.request, .timedOut(after: limits.acquireTimeout, lastFailure: backoff.lastFailure)))
    }
  }

  private mutating func closeIdle(_ actions: inout [Action], at now: Duration) {
    while let oldest = idle.first, idle.count > limits.idleMin, oldest.since + limits.idleTimeout <= now {
      idle.removeFirst()
      close(oldest.connection, oldest.id, &actions)
    }
  }

  mutating func close(_ connection: Connection, _ id: ID, _ actions: inout [Action]) {
    closing.insert(id)
    actions.append(.close(connection, id))
  }

  private mutating func openMore(_ actions: inout [Action], at now: Duration) {
    guard !isClosed, backoff.permits(at: now) else { return }
    // A server that just refused is asked by one attempt at a time.
    let wanted = backoff.isFailing ? min(waiting.count, 1) : waiting.count
    while opening.count < wanted, connectionCount < limits.connectionsMax {
      let id = takeID()
      opening.insert(id)
      actions.append(.open(id))
    }
  }

  private mutating func arm(_ actions: inout [Action]) {
    var next = waiting.first?.deadline
    func sooner(_ instant: Duration) { next = min(next ?? instant, instant) }
    if let oldest = idle.first, idle.count > limits.idleMin { sooner(oldest.since + limits.idleTimeout) }
    // An attempt that is under way ends the wait by itself.
    if backoff.isFailing, !waiting.isEmpty, opening.isEmpty, connectionCount < limits.connectionsMax { sooner(backoff.until) }
    guard let next else { return }
    if let wakeInstant, wakeInstant <= next { return }
    wakeInstant = next
    actions.append(.wake(at: next))
  }

  /// The instant of the latest `wake` has come, or another moment to look.
  mutating func tick(at now: Duration) -> [Action] {
    if let wakeInstant, wakeInstant <= now { self.wakeInstant = nil }
    var actions: [Action] = []
    settle(&actions, at: now)
    return actions
  }
}
