import OnexCore

extension StoreConformance {
  func claimsRise() async throws {
    let before = try await store.claim([first, second], consumer: consumer)
    let after = try await store.claim([second], consumer: consumer)
    try requireEqual(Set(before.keys), [first, second], "each claimed lane has an epoch")
    try require((after[second] ?? 0) > (before[second] ?? 0), "a later claim is higher")
    let outcome = try await store.commit(batch([first: before[first] ?? 0], [entry(newIdentity(), "one")]))
    try requireEqual(try repeats(outcome), [:], "the other lane's claim stands")
  }

  func whoeverLostTheLaneCommitsNothing() async throws {
    let zombie = try await store.claim([first], consumer: consumer)
    let owner = try await store.claim([first], consumer: consumer)
    let identity = newIdentity()
    try requireEqual(
      try fenced(try await store.commit(batch(zombie, [entry(identity, "zombie")]))), [first], "an old claim commits nothing")
    try require(try await value(identity) == nil, "nothing of it is recorded")
    try requireEqual(try repeats(try await store.commit(batch(owner, [entry(identity, "owner")]))), [:], "the owner commits")
    try requireEqual(
      try fenced(try await store.commit(batch(zombie, [entry(identity, "zombie")]))), [first],
      "not even to be told what was recorded")
  }

  func oneFencedLaneHoldsBackTheBatch() async throws {
    let lanes = try await store.claim([first, second], consumer: consumer)
    _ = try await store.claim([second], consumer: consumer)
    let entries = [entry(newIdentity(), "one", first), entry(newIdentity(), "two", second)]
    try requireEqual(try fenced(try await store.commit(batch(lanes, entries))), [second], "the lane that was lost is named")
    try require(try await value(entries[0].identity) == nil, "a batch is recorded as a whole or not at all")
  }

  func anUnclaimedLaneCommitsNothing() async throws {
    try requireEqual(
      try fenced(try await store.commit(batch([first: 1], [entry(newIdentity(), "one")]))), [first], "nobody has claimed it")
  }
}
