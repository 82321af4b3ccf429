import OnexCore

/// Claims of executions: one record at a time runs a request.
extension StoreConformance {
  private func claim(
    _ identity: MessageIdentity, _ lane: TopicPartition, _ epoch: LaneEpoch?, offset: Int64 = 0, digest: RequestDigest? = nil
  ) -> ExecutionClaim {
    ExecutionClaim(
      consumer: consumer, identity: RequestIdentity(identity, digest: digest), source: lane, offset: offset, epoch: epoch ?? 0)
  }

  private func text(_ outcome: ExecutionClaimOutcome) -> String {
    switch outcome {
    case .claimed: "claimed"
    case .fenced: "fenced"
    case .held(let digest): "held for \(digest?.uuid.description ?? "nothing")"
    case .recorded(let answer): "recorded \(answer.outputs.first?.value?.text ?? "")"
    }
  }

  private func expect(_ claim: ExecutionClaim, _ expected: String, _ promise: String) async throws {
    try requireEqual(text(try await store.claimExecution(claim)), expected, promise)
  }

  func oneRecordClaimsARequest() async throws {
    let lanes = try await store.claim([first, second], consumer: consumer)
    let (identity, digest) = (newIdentity(), RequestDigest(ids.next()))
    let holder = claim(identity, first, lanes[first], digest: digest)
    try await expect(holder, "claimed", "the first record may run")
    try await expect(holder, "claimed", "asked again after an unknown outcome, it still may")
    let held = "held for \(digest.uuid)"
    let other = claim(identity, second, lanes[second])
    try await expect(other, held, "a record of another partition waits and learns what is under way")
    try await expect(claim(identity, first, lanes[first], offset: 1), held, "a later record of the same partition waits")
    try await expect(claim(newIdentity(), second, lanes[second]), "claimed", "another request is free")
    try await store.release([other])
    try await expect(other, held, "a record that does not hold the claim cannot release it")
    try await store.release([holder])
    try await expect(other, "claimed", "a released request is free")
  }

  func aClaimEndsWithItsPartition() async throws {
    let before = try await store.claim([first, second], consumer: consumer)
    let identity = newIdentity()
    try await expect(claim(identity, first, before[first]), "claimed", "the first member may run")
    let after = try await store.claim([first], consumer: consumer)
    try await expect(claim(newIdentity(), first, before[first]), "fenced", "the member that lost the partition claims nothing")
    try await expect(claim(identity, first, after[first]), "claimed", "the new owner of the partition takes the request over")
    _ = try await store.claim([first], consumer: consumer)
    try await expect(claim(identity, second, before[second]), "claimed", "so does any other record once the claim is void")
  }

  func anAnsweredRequestIsNotClaimed() async throws {
    let lanes = try await store.claim([first, second], consumer: consumer)
    let identity = newIdentity()
    let holder = claim(identity, first, lanes[first])
    try await expect(holder, "claimed", "the first record may run")
    _ = try await store.commit(batch(lanes.filter { $0.key == first }, [entry(identity, "one")]))
    try await expect(claim(identity, second, lanes[second]), "recorded one", "a repeat has the answer once it is committed")
    try await expect(holder, "recorded one", "so has the record itself when it comes again")
    try await store.release([holder])
    try await expect(claim(identity, second, lanes[second]), "recorded one", "also after the release")
  }

  func manyClaimsAtOnceHaveOneHolder() async throws {
    let partitions = (0..<8).map { TopicPartition("requests", Int32($0)) }
    let lanes = try await store.claim(partitions, consumer: consumer)
    let identities = (0..<20).map { _ in newIdentity() }
    let outcomes = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for (offset, partition) in partitions.enumerated() {
        for (index, identity) in identities.enumerated() {
          let claim = claim(identity, partition, lanes[partition], offset: Int64(offset))
          group.addTask { (index, text(try await store.claimExecution(claim))) }
        }
      }
      return try await group.reduce(into: [Int: [String]]()) { $0[$1.0, default: []].append($1.1) }
    }
    for (index, found) in outcomes {
      try requireEqual(found.filter { $0 == "claimed" }.count, 1, "request \(index) has one holder: \(found)")
      try requireEqual(found.count, partitions.count, "every claim is answered")
    }
  }
}
