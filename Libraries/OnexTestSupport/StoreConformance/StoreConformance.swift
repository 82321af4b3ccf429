import OnexCore

/// What every inbox promises, checked from outside. The same checks run against memory and PostgreSQL; each uses a consumer of its own.
public struct StoreConformance: Sendable {
  public enum Check: String, CaseIterable, Sendable {
    case outputsComeBackAsTheyWere, aRepeatGetsTheFirstAnswer, aRepeatInsideABatch, theSameBatchAgainIsNoRepeat
    case claimsRise, whoeverLostTheLaneCommitsNothing, oneFencedLaneHoldsBackTheBatch, anUnclaimedLaneCommitsNothing
    case consumersAreApart, keysAndEnvelopesAreApart, digestsAreKept, oneOfManyAtOnceWins, anEmptyBatch, aLargeBatch
    case oneRecordClaimsARequest, aClaimEndsWithItsPartition, anAnsweredRequestIsNotClaimed, manyClaimsAtOnceHaveOneHolder
  }

  let store: any Store
  let consumer: String
  let ids = RandomIDSource()

  public init(_ store: any Store) {
    self.store = store
    consumer = "conformance-\(RandomIDSource().next())"
  }

  /// - Throws: `ConformanceFailure` with the promise that was not kept.
  public func run(_ check: Check) async throws {
    switch check {
    case .outputsComeBackAsTheyWere: try await outputsComeBackAsTheyWere()
    case .aRepeatGetsTheFirstAnswer: try await aRepeatGetsTheFirstAnswer()
    case .aRepeatInsideABatch: try await aRepeatInsideABatch()
    case .theSameBatchAgainIsNoRepeat: try await theSameBatchAgainIsNoRepeat()
    case .claimsRise: try await claimsRise()
    case .whoeverLostTheLaneCommitsNothing: try await whoeverLostTheLaneCommitsNothing()
    case .oneFencedLaneHoldsBackTheBatch: try await oneFencedLaneHoldsBackTheBatch()
    case .anUnclaimedLaneCommitsNothing: try await anUnclaimedLaneCommitsNothing()
    case .consumersAreApart: try await consumersAreApart()
    case .keysAndEnvelopesAreApart: try await keysAndEnvelopesAreApart()
    case .digestsAreKept: try await digestsAreKept()
    case .oneOfManyAtOnceWins: try await oneOfManyAtOnceWins()
    case .anEmptyBatch: try await anEmptyBatch()
    case .aLargeBatch: try await aLargeBatch()
    case .oneRecordClaimsARequest: try await oneRecordClaimsARequest()
    case .aClaimEndsWithItsPartition: try await aClaimEndsWithItsPartition()
    case .anAnsweredRequestIsNotClaimed: try await anAnsweredRequestIsNotClaimed()
    case .manyClaimsAtOnceHaveOneHolder: try await manyClaimsAtOnceHaveOneHolder()
    }
  }

  let first = TopicPartition("requests", 0)
  let second = TopicPartition("requests", 1)

  func newIdentity() -> MessageIdentity { .request(EnvelopeID(ids.next())) }

  private func output(_ value: String) -> OutboundRecord {
    OutboundRecord(topic: "responses", key: "key", value: Bytes(value), messageID: EnvelopeID(RawUUID(high: 1, low: 2)))
  }

  func entry(
    _ identity: MessageIdentity, _ value: String, _ lane: TopicPartition? = nil, offset: Int64 = 0, digest: RequestDigest? = nil
  ) -> CommitEntry {
    CommitEntry(identity: identity, digest: digest, source: lane ?? first, offset: offset, outputs: [output(value)])
  }

  func batch(
    _ lanes: [TopicPartition: LaneEpoch], _ entries: [CommitEntry], id: RawUUID? = nil, consumer other: String? = nil
  ) -> CommitBatch {
    CommitBatch(id: id ?? ids.next(), consumer: other ?? consumer, lanes: lanes, entries: entries)
  }

  /// - Returns: the recorded values of those that are repeats.
  func repeats(_ outcome: CommitOutcome) throws -> [Int: String] {
    guard case .committed(let repeats, _) = outcome else { throw ConformanceFailure("the batch was fenced") }
    return repeats.mapValues { $0.outputs.first?.value?.text ?? "" }
  }

  func fenced(_ outcome: CommitOutcome) throws -> Set<TopicPartition> {
    guard case .fenced(let lanes) = outcome else { throw ConformanceFailure("the batch was committed") }
    return lanes
  }

  func value(_ identity: MessageIdentity) async throws -> String? {
    try await store.recorded(identity, consumer: consumer)?.outputs.first?.value?.text
  }

  // MARK: - The inbox

  private func outputsComeBackAsTheyWere() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    let identity = newIdentity()
    let outputs = [
      OutboundRecord(
        topic: "a", partition: 3, key: nil, value: nil, messageID: nil, headers: [RecordHeader("h", nil), RecordHeader("h", "")]),
      OutboundRecord(topic: "b", key: "", value: Bytes([0, 255, 10]), messageID: EnvelopeID(ids.next())),
    ]
    let entry = CommitEntry(identity: identity, source: first, offset: 7, outputs: outputs)
    try requireEqual(try repeats(try await store.commit(batch(lanes, [entry]))), [:], "a first answer is no repeat")
    guard let found = try await store.recorded(identity, consumer: consumer) else {
      throw ConformanceFailure("what was committed is found")
    }
    try requireEqual(found.outputs.map(\.topic), ["a", "b"], "topics")
    try requireEqual(found.outputs.map(\.partition), [3, nil], "partitions")
    try requireEqual(found.outputs.map(\.key), [nil, ""], "keys, null and empty apart")
    try requireEqual(found.outputs.map(\.value), [nil, Bytes([0, 255, 10])], "values")
    try requireEqual(found.outputs.map(\.messageID), outputs.map(\.messageID), "message ids")
    try requireEqual(found.outputs.map(\.headers), outputs.map(\.headers), "headers")
    try require(try await store.recorded(newIdentity(), consumer: consumer) == nil, "what was never answered is not found")
  }

  private func aRepeatGetsTheFirstAnswer() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    let (known, new) = (newIdentity(), newIdentity())
    _ = try await store.commit(batch(lanes, [entry(known, "one")]))
    let outcome = try await store.commit(batch(lanes, [entry(new, "fresh", offset: 1), entry(known, "two", offset: 2)]))
    try requireEqual(try repeats(outcome), [1: "one"], "the repeat alone gets what was recorded")
    try requireEqual(try await value(known), "one", "the first answer stays")
    try requireEqual(try await value(new), "fresh", "its neighbour is recorded")
  }

  private func aRepeatInsideABatch() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    let identity = newIdentity()
    let entries = [entry(identity, "one"), entry(newIdentity(), "other", offset: 1), entry(identity, "two", offset: 2)]
    try requireEqual(try repeats(try await store.commit(batch(lanes, entries))), [2: "one"], "the later one is the repeat")
  }

  private func theSameBatchAgainIsNoRepeat() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    let again = batch(lanes, [entry(newIdentity(), "one"), entry(newIdentity(), "two", offset: 1)])
    _ = try await store.commit(again)
    // The answer to the first attempt was lost on its way.
    try requireEqual(try repeats(try await store.commit(again)), [:], "a batch knows its own rows")
  }

  private func consumersAreApart() async throws {
    let other = consumer + "-other"
    let (lanes, others) = (
      try await store.claim([first], consumer: consumer), try await store.claim([first], consumer: other)
    )
    let identity = newIdentity()
    _ = try await store.commit(batch(lanes, [entry(identity, "one")]))
    let outcome = try await store.commit(batch(others, [entry(identity, "two")], consumer: other))
    try requireEqual(try repeats(outcome), [:], "another consumer has an inbox of its own")
  }

  private func keysAndEnvelopesAreApart() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    let id = EnvelopeID(ids.next())
    let entries = [entry(.request(id), "one"), entry(.key(id.description), "two", offset: 1)]
    try requireEqual(try repeats(try await store.commit(batch(lanes, entries))), [:], "a key that looks like an id is a key")
  }

  private func digestsAreKept() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    let key = MessageIdentity.key("order-\(ids.next())")
    let digest = RequestDigest(ids.next())
    _ = try await store.commit(batch(lanes, [entry(key, "one", digest: digest)]))
    try requireEqual(try await store.recorded(key, consumer: consumer)?.digest, digest, "the digest is found again")
    guard
      case .committed(let repeats, _) = try await store.commit(
        batch(lanes, [entry(key, "two", digest: RequestDigest(ids.next()))]))
    else { throw ConformanceFailure("the batch was fenced") }
    try requireEqual(repeats[0]?.digest, digest, "a repeat is told the first digest")
  }

  private func oneOfManyAtOnceWins() async throws {
    let partitions = (0..<8).map { TopicPartition("requests", Int32($0)) }
    let lanes = try await store.claim(partitions, consumer: consumer)
    let identities = (0..<20).map { _ in newIdentity() }
    let answers = try await withThrowingTaskGroup(of: (Int, [Int: String]).self) { group in
      for (number, partition) in partitions.enumerated() {
        group.addTask {
          let entries = identities.enumerated().map { entry($1, "\(number)", partition, offset: Int64($0)) }
          return (number, try repeats(try await store.commit(batch([partition: lanes[partition] ?? 0], entries))))
        }
      }
      return try await group.reduce(into: [Int: [Int: String]]()) { $0[$1.0] = $1.1 }
    }
    for (index, identity) in identities.enumerated() {
      let winners = answers.filter { $0.value[index] == nil }.map(\.key)
      try requireEqual(winners.count, 1, "one of the commits is the first")
      try requireEqual(try await value(identity), "\(winners[0])", "its answer is recorded")
      try require(
        answers.allSatisfy { $0.value[index] == nil || $0.value[index] == "\(winners[0])" }, "the others are given the winner's")
    }
  }

  private func anEmptyBatch() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    try requireEqual(try repeats(try await store.commit(batch(lanes, []))), [:], "nothing is nothing")
  }

  private func aLargeBatch() async throws {
    let lanes = try await store.claim([first], consumer: consumer)
    let entries = (0..<5000).map { entry(newIdentity(), String(repeating: "x", count: 300), offset: Int64($0)) }
    try requireEqual(try repeats(try await store.commit(batch(lanes, entries))), [:], "all of them are new")
    try require(try await value(entries[4999].identity) != nil, "the last one is recorded")
  }
}
