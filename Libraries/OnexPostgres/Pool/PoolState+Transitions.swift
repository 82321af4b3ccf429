import OnexCore

/// What may happen to a pool.
extension PoolState {
  /// Somebody wants a connection. `request` is new to the pool.
  mutating func request(_ request: Request, at now: Duration) -> [Action] {
    guard !isClosed else { return [.fail(request, .closed)] }
    guard !idle.isEmpty || waiting.count < limits.waitingMax else {
      return [.fail(request, .queueFull(waitingMax: limits.waitingMax))]
    }
    waiting.append(Waiting(request: request, arrival: takeArrival(), deadline: now + limits.acquireTimeout))
    return settled(at: now)
  }

  /// The task that asked is cancelled. One that has its connection already keeps it until it gives it back.
  mutating func cancel(_ request: Request, at now: Duration) -> [Action] {
    if let index = waiting.firstIndex(where: { $0.request == request }) {
      waiting.remove(at: index)
      var actions: [Action] = [.fail(request, .cancelled)]
      settle(&actions, at: now)
      return actions
    }
    if let id = leased.first(where: { $0.value.borrower.request == request })?.key {
      leased[id]?.borrower.isCancelled = true
    }
    return []
  }

  mutating func opened(_ id: ID, _ connection: Connection, at now: Duration) -> [Action] {
    let wasOpening = opening.remove(id) != nil
    precondition(wasOpening, "a connection opens once")
    openedTotal += 1
    backoff.succeeded()
    var actions: [Action] = []
    if isClosed { close(connection, id, &actions) } else { idle.append((id, connection, now)) }
    settle(&actions, at: now)
    return actions
  }

  /// Those who wait go on waiting, unless trying again cannot help them.
  ///
  /// - Parameter random: uniform in 0..<1, for the backoff's jitter.
  mutating func openFailed(_ id: ID, _ error: PostgresError, at now: Duration, random: Double) -> [Action] {
    let wasOpening = opening.remove(id) != nil
    precondition(wasOpening, "an attempt fails once")
    var actions: [Action] = []
    if !isClosed {
      failedOpensTotal += 1
      backoff.failed(error, limits.reopening, at: now, random: random)
      if !error.isRetriable { failWaiting(.refused(error), &actions) }
    }
    settle(&actions, at: now)
    return actions
  }

  /// The borrower is done.
  ///
  /// - Parameter isReusable: false for a connection that broke or that the borrower left in the middle of something.
  mutating func returned(_ id: ID, isReusable: Bool, at now: Duration) -> [Action] {
    guard let lease = leased.removeValue(forKey: id) else { preconditionFailure("a connection is returned by whoever has it") }
    var actions: [Action] = []
    if isReusable, !isClosed { idle.append((id, lease.connection, now)) } else { close(lease.connection, id, &actions) }
    settle(&actions, at: now)
    return actions
  }

  /// The connection was broken before the borrower saw it: the borrower has its old place in the queue again, even when the
  /// queue has filled up meanwhile.
  mutating func bounced(_ id: ID, at now: Duration) -> [Action] {
    guard let lease = leased.removeValue(forKey: id) else { preconditionFailure("a connection bounces off whoever gets it") }
    var actions: [Action] = []
    close(lease.connection, id, &actions)
    let borrower = lease.borrower
    if borrower.isCancelled {
      actions.append(.fail(borrower.request, .cancelled))
    } else if isClosed {
      actions.append(.fail(borrower.request, .closed))
    } else {
      waiting.insert(borrower, at: waiting.firstIndex { $0.arrival > borrower.arrival } ?? waiting.count)
    }
    settle(&actions, at: now)
    return actions
  }

  /// The connection is gone; its place is free.
  mutating func closed(_ id: ID, at now: Duration) -> [Action] {
    let wasClosing = closing.remove(id) != nil
    precondition(wasClosing, "a connection closes once")
    return settled(at: now)
  }

  /// Refuses everyone who waits or comes later; connections in use are closed as they come back.
  mutating func beginClosing(at now: Duration) -> [Action] {
    guard !isClosed else { return [] }
    isClosed = true
    var actions: [Action] = [.stopOpening]
    failWaiting(.closed, &actions)
    for free in idle { close(free.connection, free.id, &actions) }
    idle = []
    settle(&actions, at: now)
    return actions
  }

  private mutating func failWaiting(_ refusal: PoolRefusal, _ actions: inout [Action]) {
    for waiter in waiting { actions.append(.fail(waiter.request, refusal)) }
    waiting = []
  }

  private mutating func settled(at now: Duration) -> [Action] {
    var actions: [Action] = []
    settle(&actions, at: now)
    return actions
  }
}
