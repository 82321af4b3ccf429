import OnexCore

extension StreamStoreConformance {
  private func deadline(at microseconds: Int64 = 1000) -> DurableTimer {
    DurableTimer(id: newID(), due: Timestamp(microseconds: microseconds), purpose: .deadline, payload: "stub")
  }

  /// The times of these timers are all long past by the store's clock, unless a check says otherwise.
  private func due(
    countMax: Int = 10, handlers: TimerQuery.Handlers? = nil, ahead: Duration = .zero
  ) async throws -> DueTimers {
    try await store.dueTimers(
      TimerQuery(consumer: consumer, countMax: countMax, handlers: handlers ?? .these([handler]), ahead: ahead))
  }

  // MARK: - Deadlines of requests

  func aResponseTakesTheDeadline() async throws {
    let timer = deadline()
    _ = try await committed(batch([entry(deadline: .opens(timer))]))
    try requireEqual(try await due().timers, [timer], "the deadline is set, with its payload")
    let response = MessageIdentity.request(EnvelopeID(newID()))
    try requireEqual(
      try await committed(batch([entry(response, "answer", deadline: .response(timer.id))])).silenced, [], "the response counts")
    try requireEqual(try await value(response), "answer", "its output is recorded")
    try requireEqual(try await due().timers, [], "nothing is left to fire")
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
    try requireEqual(try await due().timers, [timer], "the timer fires again until what follows is published")
    let again = try await committed(batch([entry(firing, "again", deadline: .firing(timer.id))]))
    try requireEqual(again.repeats[0]?.outputs.first?.value?.text, "too late", "firing again gives the same answer")
    try await store.finish([timer], consumer: consumer)
    try requireEqual(try await due().timers, [], "then it is forgotten")
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
    try requireEqual(try await due().timers, [], "both deadlines are met")
  }

  func aRepeatSetsNoDeadline() async throws {
    let timer = deadline()
    let request = MessageIdentity.request(EnvelopeID(newID()))
    _ = try await committed(batch([entry(request, deadline: .opens(timer))]))
    _ = try await committed(batch([entry(deadline: .response(timer.id))]))
    let again = try await committed(batch([entry(request, deadline: .opens(timer))]))
    try require(again.repeats[0] != nil, "the request is a repeat")
    try requireEqual(try await due().timers, [], "its deadline is over and stays so")
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

  /// An hour is more than the two looks at the store can take.
  func timersComeWhenDue() async throws {
    let stream = newStream()
    let now = try await due().now
    func at(_ minutes: Int64) -> DurableTimer { timer(now.microseconds + minutes * 60_000_000, stream) }
    let (past, future) = ([at(-10), at(-30), at(-20)], [at(120), at(60)])
    _ = try await committed(batch([entry()], timers: future.map { .set($0) }))
    try requireEqual(try await due().timers, [], "none before its time by the store's clock")
    try requireEqual(try await due().nextDue, future[1].due, "when the first one is due")
    _ = try await committed(batch([entry()], timers: past.map { .set($0) }))
    try requireEqual(try await due().timers, [past[1], past[2], past[0]], "those whose time has come, in order")
    try requireEqual(try await due().nextDue, future[1].due, "when the next one is due")
    try requireEqual(try await due(countMax: 2).timers, [past[1], past[2]], "no more than asked for")
    try await store.finish(past + future, consumer: consumer)
    let last = try await due()
    try require(last.nextDue == nil, "finished timers are gone")
    try require(last.now >= now, "the store's clock goes on")
  }

  func farTimesAreKept() async throws {
    let stream = newStream()
    // 0001-01-01, 9999-12-31T23:59:59.999999Z, and what RFC 3339 cannot say.
    let (first, last) = (timer(-62_135_596_800_000_000, stream), timer(253_402_300_799_999_999, stream))
    let (before, after) = (timer(.min, stream), timer(.max, stream))
    _ = try await committed(batch([entry()], timers: [last, after, first, before].map { .set($0) }))
    let found = try await due()
    try requireEqual(found.timers.map(\.id), [before.id, first.id], "a time long past is due")
    try requireEqual(found.timers[1].due, first.due, "the year 1 is kept exactly")
    try requireEqual(found.nextDue, last.due, "the year 9999 is kept exactly")
    try await store.finish(found.timers, consumer: consumer)
    try requireEqual(try await due().timers, [], "what has fired is forgotten, whatever its time")
    try await store.finish([last, after], consumer: consumer)
    try require(try await due().nextDue == nil, "the latest time, too")
  }

  func aTimerMovesAndGoes() async throws {
    let stream = newStream()
    let first = timer(10, stream)
    let moved = timer(20, stream, id: first.id)
    _ = try await committed(batch([entry()], timers: [.set(first)]))
    _ = try await committed(batch([entry()], timers: [.set(moved)]))
    try requireEqual(try await due().timers, [moved], "setting it again moves it")
    _ = try await committed(batch([entry()], timers: [.set(first), .cancel(first.id)]))
    try requireEqual(try await due().timers, [], "the last change of a batch counts")
    _ = try await committed(batch([entry()], timers: [.cancel(first.id), .set(first)]))
    try requireEqual(try await due().timers, [first], "in either order")
  }

  func aMovedTimerOutlivesItsFiring() async throws {
    let stream = newStream()
    let first = timer(10, stream)
    let moved = timer(20, stream, id: first.id)
    _ = try await committed(batch([entry()], timers: [.set(first)]))
    _ = try await committed(batch([entry()], timers: [.set(moved)]))
    try await store.finish([first], consumer: consumer)
    try requireEqual(try await due().timers, [moved], "only what has fired is forgotten")
    try require(first.firing != moved.firing, "each firing is a message of its own")
  }

  func timersOfOthersAreLeft() async throws {
    _ = try await committed(batch([entry()], timers: [.set(timer(10, newStream()))]))
    try requireEqual(try await due(handlers: .these(["another"])).timers, [], "timers of handlers that are not here wait")
    try requireEqual(try await due(handlers: .only([handler])).timers.count, 1, "one handler's alone")
    try requireEqual(try await due(handlers: .others(than: ["another"])).timers.count, 1, "every other handler's")
    try requireEqual(try await due(handlers: .others(than: [handler])).timers, [], "none of those that are known")
    let later = timer((try await due().now + .seconds(60)).microseconds, newStream())
    _ = try await committed(batch([entry()], timers: [.set(later)]))
    try requireEqual(try await due(handlers: .others(than: ["another"])).timers.count, 1, "once they are due")
    try requireEqual(
      try await due(handlers: .others(than: ["another"]), ahead: .seconds(120)).timers.count, 2, "or within the time asked for")
    try requireEqual(try await due(handlers: .only([handler])).nextDue, later.due, "what is not due yet is told")
  }

  // MARK: - Leases and start marks

  private func lease(_ lane: TopicPartition, _ owner: String, expired: LeaseState? = nil) async throws -> LeaseAnswer {
    try await store.lease(lane, consumer: consumer, owner: owner, expired: expired)
  }

  private func state(_ lane: TopicPartition) async throws -> LeaseState {
    guard case .taken(let state) = try await lease(lane, "onlooker") else { throw ConformanceFailure("the lane is free") }
    return state
  }

  func aLeaseIsHeld() async throws {
    let lane = TopicPartition("timers", 0)
    guard case .held(let first) = try await lease(lane, "a") else { throw ConformanceFailure("a free lane is given") }
    let seen = try await state(lane)
    try requireEqual(try await state(lane), seen, "a look changes nothing")
    try requireEqual(try await lease(lane, "a"), .held(first), "renewing keeps the epoch")
    let renewed = try await state(lane)
    try require(renewed != seen, "each renewal shows")
    try requireEqual(try await lease(lane, "b", expired: seen), .taken(renewed), "a renewed lease is not taken")
    try requireEqual(
      try await lease(lane, "b", expired: LeaseState(epoch: first + 1, renewals: renewed.renewals)), .taken(renewed),
      "nor by a state that never was")
  }

  func ofTwoContendersOneTakesTheLease() async throws {
    let lane = TopicPartition("timers", 0)
    _ = try await lease(lane, "a")
    let seen = try await state(lane)
    guard case .held(let epoch) = try await lease(lane, "b", expired: seen) else {
      throw ConformanceFailure("a lease that was not renewed is given to a contender")
    }
    guard case .taken(let state) = try await lease(lane, "c", expired: seen) else {
      throw ConformanceFailure("the second contender comes too late")
    }
    try requireEqual(state.epoch, epoch, "it sees the first one's epoch")
    guard case .taken = try await lease(lane, "a") else { throw ConformanceFailure("the owner before does not get it back") }
  }

  func aLostLeaseCommitsNothing() async throws {
    let lane = TopicPartition("timers", 0)
    guard case .held(let first) = try await lease(lane, "a"),
      case .held(let second) = try await lease(lane, "b", expired: try await state(lane))
    else { throw ConformanceFailure("a lease that is over is given to the next contender") }
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
