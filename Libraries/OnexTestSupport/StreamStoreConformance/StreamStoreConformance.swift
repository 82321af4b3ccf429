import OnexCore

/// What every store of streams and timers promises, checked from outside. The same checks run against memory and PostgreSQL; each uses a
/// consumer and streams of its own.
public struct StreamStoreConformance: Sendable {
  public enum Check: String, CaseIterable, Sendable {
    case aStreamIsMadeAndChanged, eventsAreJournaledInOrder, aWrongVersionIsAConflict, aRepeatThatChangesStreamsIsAConflict
    case theSameBatchAgainAppliesOnce, oneOfManyAtOnceChangesTheStream, closedStreamsAreNotOpen
    case aResponseTakesTheDeadline, aFiringSilencesTheResponse, ofBothInOneBatchTheResponseWins, ofTwoResponsesOneCounts
    case aRepeatSetsNoDeadline, silenceIsKept, timersComeWhenDue, aTimerMovesAndGoes, aMovedTimerOutlivesItsFiring,
      timersOfOthersAreLeft, farTimesAreKept
    case aLeaseIsHeld, ofTwoContendersOneTakesTheLease, aLostLeaseCommitsNothing, effectsStartOnce, aFencedLaneStartsNothing
  }

  let store: any StreamStore
  let journal: any JournalReader
  let consumer: String
  let handler: String
  let lane = TopicPartition("requests", 0)
  private let ids = RandomIDSource()

  public init(_ store: any StreamStore, _ journal: any JournalReader) {
    self.store = store
    self.journal = journal
    consumer = "conformance-\(ids.next())"
    handler = "handler-\(ids.next())"
  }

  /// - Throws: `ConformanceFailure` with the promise that was not kept.
  public func run(_ check: Check) async throws {
    switch check {
    case .aStreamIsMadeAndChanged: try await aStreamIsMadeAndChanged()
    case .eventsAreJournaledInOrder: try await eventsAreJournaledInOrder()
    case .aWrongVersionIsAConflict: try await aWrongVersionIsAConflict()
    case .aRepeatThatChangesStreamsIsAConflict: try await aRepeatThatChangesStreamsIsAConflict()
    case .theSameBatchAgainAppliesOnce: try await theSameBatchAgainAppliesOnce()
    case .oneOfManyAtOnceChangesTheStream: try await oneOfManyAtOnceChangesTheStream()
    case .closedStreamsAreNotOpen: try await closedStreamsAreNotOpen()
    case .aResponseTakesTheDeadline: try await aResponseTakesTheDeadline()
    case .aFiringSilencesTheResponse: try await aFiringSilencesTheResponse()
    case .ofBothInOneBatchTheResponseWins: try await ofBothInOneBatchTheResponseWins()
    case .ofTwoResponsesOneCounts: try await ofTwoResponsesOneCounts()
    case .aRepeatSetsNoDeadline: try await aRepeatSetsNoDeadline()
    case .silenceIsKept: try await silenceIsKept()
    case .timersComeWhenDue: try await timersComeWhenDue()
    case .aTimerMovesAndGoes: try await aTimerMovesAndGoes()
    case .aMovedTimerOutlivesItsFiring: try await aMovedTimerOutlivesItsFiring()
    case .timersOfOthersAreLeft: try await timersOfOthersAreLeft()
    case .farTimesAreKept: try await farTimesAreKept()
    case .aLeaseIsHeld: try await aLeaseIsHeld()
    case .ofTwoContendersOneTakesTheLease: try await ofTwoContendersOneTakesTheLease()
    case .aLostLeaseCommitsNothing: try await aLostLeaseCommitsNothing()
    case .effectsStartOnce: try await effectsStartOnce()
    case .aFencedLaneStartsNothing: try await aFencedLaneStartsNothing()
    }
  }

  // MARK: - Material

  func newID() -> RawUUID { ids.next() }

  func newStream() -> StreamName { StreamName(handler: handler, key: "key/\(newID())") }

  func event(_ type: String) -> JournalEvent {
    JournalEvent(
      type: type, payload: #"{"text":"ä\n","deep":[1,{"a":null}]}"#, correlationID: CorrelationID(RawUUID(high: 1, low: 2)),
      causationID: EnvelopeID(RawUUID(high: 3, low: 4)), time: Timestamp(microseconds: 1_795_232_934_123_456))
  }

  func change(
    _ stream: StreamName, from version: Int64, _ types: [String], state: String = "{}", isClosed: Bool = false
  ) -> StreamChange {
    StreamChange(
      stream: stream, expectedVersion: version, correlationID: CorrelationID(RawUUID(high: 1, low: 2)), events: types.map(event),
      state: Bytes(state), isClosed: isClosed)
  }

  func entry(
    _ identity: MessageIdentity? = nil, _ value: String = "out", deadline: DeadlineClaim? = nil, changesStreams: Bool = false
  ) -> CommitEntry {
    let output = OutboundRecord(topic: "responses", key: "k", value: Bytes(value), messageID: EnvelopeID(newID()))
    return CommitEntry(
      identity: identity ?? .request(EnvelopeID(newID())), source: lane, offset: 1, outputs: [output], deadline: deadline,
      changesStreams: changesStreams)
  }

  func batch(
    _ entries: [CommitEntry], _ streams: [StreamChange] = [], timers: [TimerChange] = [], id: RawUUID? = nil
  ) async throws -> CommitBatch {
    let lanes = try await store.claim([lane], consumer: consumer)
    var batch = CommitBatch(
      id: id ?? newID(), consumer: consumer, lanes: lanes, entries: entries, time: Timestamp(microseconds: 1_795_232_934_000_000))
    batch.streams = streams
    batch.timers = timers
    return batch
  }

  func committed(_ batch: CommitBatch) async throws -> (repeats: [Int: RecordedAnswer], silenced: Set<Int>) {
    switch try await store.commit(batch) {
    case .committed(let repeats, let silenced): return (repeats, silenced)
    case .fenced: throw ConformanceFailure("the batch was fenced")
    case .conflict: throw ConformanceFailure("the batch met a conflict")
    }
  }

  func requireConflict(_ batch: CommitBatch, _ promise: String) async throws {
    guard case .conflict = try await store.commit(batch) else { throw ConformanceFailure(promise) }
  }

  func snapshot(_ stream: StreamName) async throws -> StreamSnapshot? {
    let loaded = try await store.load([stream], [], consumer: consumer).snapshots[stream]
    try requireEqual(try await journal.snapshots([stream])[stream], loaded, "tools see the same state")
    return loaded
  }

  func events(_ scope: JournalScope) async throws -> [RecordedEvent] {
    var events: [RecordedEvent] = []
    var place: JournalPlace?
    while true {
      // Small pages: none may be lost between two.
      let page = try await journal.events(scope, after: place, until: nil, countMax: 2)
      guard let last = page.last else { return events }
      events += page.map(\.event)
      place = last.place
    }
  }

  func value(_ identity: MessageIdentity) async throws -> String? {
    try await store.recorded(identity, consumer: consumer)?.outputs.first?.value?.text
  }
}
