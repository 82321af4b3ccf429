import OnexCore

extension StreamStoreConformance {
  func aStreamIsMadeAndChanged() async throws {
    let stream = newStream()
    try require(try await snapshot(stream) == nil, "a stream without events is not there")
    _ = try await committed(batch([entry(changesStreams: true)], [change(stream, from: 0, ["a", "b"], state: #"{"n":1}"#)]))
    try requireEqual(try await snapshot(stream), StreamSnapshot(version: 2, state: #"{"n":1}"#), "the stream is made")
    _ = try await committed(batch([entry(changesStreams: true)], [change(stream, from: 2, ["c"], state: #"{"n": 2 }"#)]))
    try requireEqual(
      try await snapshot(stream), StreamSnapshot(version: 3, state: #"{"n": 2 }"#), "its state comes back byte for byte")
  }

  func eventsAreJournaledInOrder() async throws {
    let (one, two) = (newStream(), newStream())
    _ = try await committed(
      batch([entry(changesStreams: true)], [change(one, from: 0, ["1", "2"]), change(two, from: 0, ["3"])]))
    _ = try await committed(batch([entry(changesStreams: true)], [change(one, from: 2, ["4"])]))
    let events = try await events(.stream(one))
    try requireEqual(events.map(\.event.type), ["1", "2", "4"], "the stream's events, in order")
    try requireEqual(events.map(\.streamSequence), [1, 2, 3], "places in the stream")
    try require(zip(events, events.dropFirst()).allSatisfy { $0.sequence < $1.sequence }, "global places rise")
    try requireEqual(events[0].event, event("1"), "an event comes back as it was")
    let until = try await journal.events(.stream(one), after: nil, until: events[1].sequence, countMax: 10)
    try requireEqual(until.map(\.event.event.type), ["1", "2"], "up to a global place")
  }

  func aWrongVersionIsAConflict() async throws {
    let (stream, other) = (newStream(), newStream())
    _ = try await committed(batch([entry(changesStreams: true)], [change(stream, from: 0, ["a"])]))
    let identity = MessageIdentity.request(EnvelopeID(newID()))
    for version: Int64 in [0, 2] {
      let late = try await batch(
        [entry(identity, changesStreams: true)], [change(stream, from: version, ["x"]), change(other, from: 0, ["y"])])
      try await requireConflict(late, "a change from version \(version) is refused")
    }
    try require(try await value(identity) == nil, "nothing of the batch is kept: no answer")
    try require(try await snapshot(other) == nil, "nothing of the batch is kept: no other stream")
    try requireEqual(try await events(.stream(stream)).count, 1, "nothing of the batch is kept: no event")
  }

  func aRepeatThatChangesStreamsIsAConflict() async throws {
    let stream = newStream()
    let identity = MessageIdentity.request(EnvelopeID(newID()))
    _ = try await committed(batch([entry(identity, "first")]))
    let again = try await batch([entry(identity, "second", changesStreams: true)], [change(stream, from: 0, ["a"])])
    try await requireConflict(again, "a message that was answered changes nothing")
    try require(try await snapshot(stream) == nil, "the stream is not made")
    let loaded = try await store.load([], [identity], consumer: consumer)
    try requireEqual(loaded.answers[identity]?.outputs.first?.value?.text, "first", "loading tells that it was answered")
  }

  func theSameBatchAgainAppliesOnce() async throws {
    let stream = newStream()
    let timer = DurableTimer(id: newID(), due: Timestamp(microseconds: 1), purpose: .stream(stream, name: "t"))
    let first = try await batch([entry(changesStreams: true)], [change(stream, from: 0, ["a"])], timers: [.set(timer)])
    _ = try await committed(first)
    _ = try await committed(first)
    try requireEqual(try await snapshot(stream)?.version, 1, "a batch of unknown outcome may be committed again")
    try requireEqual(try await events(.stream(stream)).count, 1, "its events are there once")
  }

  func oneOfManyAtOnceChangesTheStream() async throws {
    let (one, two) = (newStream(), newStream())
    let lanes = try await store.claim([lane], consumer: consumer)
    let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<8 {
        // In both orders: nobody may wait for somebody who waits for him.
        let changes = [change(one, from: 0, ["\(number)"]), change(two, from: 0, ["\(number)"])]
        var batch = CommitBatch(
          id: newID(), consumer: consumer, lanes: lanes, entries: [entry(changesStreams: true)], time: event("").time)
        batch.streams = number % 2 == 0 ? changes : changes.reversed()
        group.addTask { [batch] in
          if case .committed = try await store.commit(batch) { true } else { false }
        }
      }
      return try await group.reduce(into: [Bool]()) { $0.append($1) }
    }
    try requireEqual(outcomes.filter { $0 }.count, 1, "one of the commits is the first, the others are told")
    let (first, second) = (try await events(.stream(one)), try await events(.stream(two)))
    try requireEqual(first.map(\.event.type), second.map(\.event.type), "it changed both")
  }

  func closedStreamsAreNotOpen() async throws {
    let (open, closed) = (newStream(), newStream())
    _ = try await committed(
      batch([entry(changesStreams: true)], [change(open, from: 0, ["a"]), change(closed, from: 0, ["b"], isClosed: true)]))
    let streams = Set(try await events(.open).map(\.stream))
    try require(streams.contains(open) && !streams.contains(closed), "only streams that are not closed are open")
  }
}
