import OnexCore

extension StreamStoreConformance {
  private func deadline(at microseconds: Int64 = 1000) -> DurableTimer {
    DurableTimer(id: newID(), due: Timestamp(microseconds: microseconds), purpose: .deadline, payload: "stub")
  }

  private func due(
    at microseconds: Int64, countMax: Int = 10, handlers: TimerQuery.Handlers? = nil
  ) async throws -> DueTimers {
    try await store.dueTimers(
      TimerQuery(
        consumer: consumer, now: Timestamp(microseconds: microseconds), countMax: countMax,
        handlers: handlers ?? .these([handler])))
  }

  // MARK: - Deadlines of requests

  func aResponseTakesTheDeadline() async throws {
    let timer = deadline()
    _ = try await committed(batch([entry(deadline: .opens(timer))]))
    try requireEqual(try await due(at: 1000).timers, [timer], "the deadline is set, with its payload")
    let response = MessageIdentity.request(EnvelopeID(newID()))
    try requireEqual(
      try await committed(batch([entry(response, "answer", deadline: .response(timer.id))])).silenced, [], "the response counts")
    try requireEqual(try await value(response), "answer", "its output is recorded")
    try requireEqual(try await due(at: 1000).timers, [], "nothing is left to fire")
    try requireEqual(
      try await committed(batch([entry(deadline: .firing(timer.id))])).silenced, [0], "a firing under way comes too late")
  }

  func aFiringSilencesTheResponse() async throws {
    let timer = deadline()
    _ = try await committed(batch([entry(deadline: .opens(timer))]))
    let firing = timer.firing
    try requireEqual(
      try await committed(batch([entry(firing, "too late", deadline: .firing(timer.id))])).silenced, [], "the firing counts")
    let response = MessageIdentity.request(EnvelopeID(newID()))
    try requireEqual(
      try await committed(batch([entry(response, "answer", deadline: .response(timer.id))])).silenced, [0],
      "the response comes too late")
    try requireEqual(try await store.recorded(response, consumer: consumer)?.outputs.count, 0, "it is recorded as silence")
    try requireEqual(try await due(at: 1000).timers, [timer], "the timer fires again until what follows is published")
    let again = try await committed(batch([entry(firing, "again", deadline: .firing(timer.id))]))
    try requireEqual(again.repeats[0]?.outputs.first?.value?.text, "too late", "firing again gives the same answer")
    try await store.finish([timer], consumer: consumer)
    try requireEqual(try await due(at: 1000).timers, [], "then it is forgotten")
  }

  func ofBothInOneBatchTheResponseWins() async throws {
    for order in [[0, 1], [1, 0]] {
      let timer = deadline()
      _ = try await committed(batch([entry(deadline: .opens(timer))]))
      let both = [entry(deadline: .firing(timer.id)), entry(deadline: .response(timer.id))]
      let silenced = try await committed(batch(order.map { both[$0] })).silenced
      try requireEqual(silenced, [order.firstIndex(of: 0) ?? 0], "of both, the firing is silent")
    }
  }

  func ofTwoResponsesOneCounts() async throws {
    let timers = [deadline(), deadline()]
    _ = try await committed(batch(timers.map { entry(deadline: .opens($0)) }))
    let responses = [timers[0], timers[1], timers[0]].map { entry(deadline: .response($0.id)) }
    let silenced = try await committed(batch(responses)).silenced
    try require(silenced == [0] || silenced == [2], "one of the two that answer the same request is silent: \(silenced)")
    try requireEqual(try await due(at: 1000).timers, [], "both deadlines are met")
  }

  func aRepeatSetsNoDeadline() async throws {
    let timer = deadline()
    let request = MessageIdentity.request(EnvelopeID(newID()))
    _ = try await committed(batch([entry(request, deadline: .opens(timer))]))
    _ = try await committed(batch([entry(deadline: .response(timer.id))]))
    let again = try await committed(batch([entry(request, deadline: .opens(timer))]))
    try require(again.repeats[0] != nil, "the request is a repeat")
    try requireEqual(try await due(at: 1000).timers, [], "its deadline is over and stays so")
  }

  func silenceIsKept() async throws {
    let timer = deadline()
    _ = try await committed(batch([entry(deadline: .opens(timer))]))
    _ = try await committed(batch([entry(deadline: .firing(timer.id))]))
    let late = try await batch([entry(deadline: .response(timer.id)), entry()])
    try requireEqual(try await committed(late).silenced, [0], "too late")
    try requireEqual(try await committed(late).silenced, [0], "committed again, it is as late as before")
  }

  // MARK: - Timers of streams

  private func timer(_ microseconds: Int64, _ stream: StreamName, id: RawUUID? = nil) -> DurableTimer {
    DurableTimer(id: id ?? newID(), due: Timestamp(microseconds: microseconds), purpose: .stream(stream, name: "t"))
  }

  func timersComeWhenDue() async throws {
    let stream = newStream()
    let timers = [30, 10, 20, 40].map { timer($0, stream) }
    _ = try await committed(batch([entry()], timers: timers.map { .set($0) }))
    try requireEqual(try await due(at: 9).timers, [], "none before its time")
    try requireEqual(try await due(at: 9).nextDue, Timestamp(microseconds: 10), "when the first one is due")
    try requireEqual(try await due(at: 30).timers, [timers[1], timers[2], timers[0]], "those whose time has come, in order")
    try requireEqual(try await due(at: 30).nextDue, Timestamp(microseconds: 40), "when the next one is due")
    try requireEqual(try await due(at: 99, countMax: 2).timers, [timers[1], timers[2]], "no more than asked for")
    try await store.finish(timers, consumer: consumer)
    try require(try await due(at: 99).nextDue == nil, "finished timers are gone")
  }

  func aTimerMovesAndGoes() async throws {
    let stream = newStream()
    let first = timer(10, stream)
    let moved = timer(20, stream, id: first.id)
    _ = try await committed(batch([entry()], timers: [.set(first)]))
    _ = try await committed(batch([entry()], timers: [.set(moved)]))
    try requireEqual(try await due(at: 30).timers, [moved], "setting it again moves it")
    _ = try await committed(batch([entry()], timers: [.set(first), .cancel(first.id)]))
    try requireEqual(try await due(at: 30).timers, [], "the last change of a batch counts")
    _ = try await committed(batch([entry()], timers: [.cancel(first.id), .set(first)]))
    try requireEqual(try await due(at: 30).timers, [first], "in either order")
  }

  func aMovedTimerOutlivesItsFiring() async throws {
    let stream = newStream()
    let first = timer(10, stream)
    let moved = timer(20, stream, id: first.id)
    _ = try await committed(batch([entry()], timers: [.set(first)]))
    _ = try await committed(batch([entry()], timers: [.set(moved)]))
    try await store.finish([first], consumer: consumer)
    try requireEqual(try await due(at: 30).timers, [moved], "only what has fired is forgotten")
    try require(first.firing != moved.firing, "each firing is a message of its own")
  }

  func timersOfOthersAreLeft() async throws {
    _ = try await committed(batch([entry()], timers: [.set(timer(10, newStream()))]))
    try requireEqual(try await due(at: 30, handlers: .these(["another"])).timers, [], "timers of handlers that are not here wait")
    try requireEqual(try await due(at: 30, handlers: .only([handler])).timers.count, 1, "one handler's alone")
    try requireEqual(try await due(at: 30, handlers: .others(than: ["another"])).timers.count, 1, "every other handler's")
    try requireEqual(try await due(at: 5, handlers: .others(than: ["another"])).timers, [], "once they are due")
    let others = try await due(at: 5, handlers: .only([handler]))
    try require(others.timers.isEmpty && others.nextDue == Timestamp(microseconds: 10), "what is not due yet is told")
    try requireEqual(try await due(at: 30, handlers: .others(than: [handler])).timers, [], "none of those that are known")
  }

  // MARK: - Leases and start marks

  func aLeaseIsHeld() async throws {
    let lane = TopicPartition("timers", 0)
    let first = try await store.lease(lane, consumer: consumer, owner: "a", time: .seconds(60))
    try require(first != nil, "a free lane is given")
    try require(
      try await store.lease(lane, consumer: consumer, owner: "b", time: .seconds(60)) == nil, "nobody else gets it meanwhile")
    try requireEqual(
      try await store.lease(lane, consumer: consumer, owner: "a", time: .seconds(60)), first, "renewing keeps the epoch")
  }

  func aLostLeaseCommitsNothing() async throws {
    let lane = TopicPartition("timers", 0)
    guard let first = try await store.lease(lane, consumer: consumer, owner: "a", time: .zero),
      let second = try await store.lease(lane, consumer: consumer, owner: "b", time: .zero)
    else { throw ConformanceFailure("a lease that is over is given to who asks") }
    try require(second > first, "under a higher epoch")
    let entry = CommitEntry(identity: .request(EnvelopeID(newID())), source: lane, offset: 0, outputs: [])
    func outcome(_ epoch: LaneEpoch) async throws -> CommitOutcome {
      try await store.commit(CommitBatch(id: newID(), consumer: consumer, lanes: [lane: epoch], entries: [entry]))
    }
    guard case .fenced([lane]) = try await outcome(first) else { throw ConformanceFailure("the old holder commits nothing") }
    guard case .committed = try await outcome(second) else { throw ConformanceFailure("the new holder commits") }
  }

  private func mark(_ identity: MessageIdentity, _ epoch: LaneEpoch, _ token: RawUUID) async throws -> StartOutcome {
    try await store.markStart(StartMark(consumer: consumer, identity: identity, lane: lane, epoch: epoch, token: token))
  }

  func effectsStartOnce() async throws {
    let epoch = try await store.claim([lane], consumer: consumer)[lane] ?? 0
    let (identity, token) = (MessageIdentity.key("order-\(newID())"), newID())
    try requireEqual(try await mark(identity, epoch, token), .started, "the first may start")
    try requireEqual(try await mark(identity, epoch, token), .started, "asked again after an unknown outcome, it still may")
    try requireEqual(try await mark(identity, epoch, newID()), .startedBefore, "nobody else may")
  }

  func aFencedLaneStartsNothing() async throws {
    let old = try await store.claim([lane], consumer: consumer)[lane] ?? 0
    let new = try await store.claim([lane], consumer: consumer)[lane] ?? 0
    let identity = MessageIdentity.key("order-\(newID())")
    try requireEqual(try await mark(identity, old, newID()), .fenced, "who lost the lane starts nothing")
    try requireEqual(try await mark(identity, new, newID()), .started, "and leaves no mark")
  }
}
