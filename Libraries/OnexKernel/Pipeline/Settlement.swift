import OnexCore

/// Records whose outputs are known, on their way through commit, publish and store-offset.
struct Settlement: Sendable {
  let lane: LaneReference
  let records: [ConsumedRecord]
  let outputs: [OutboundRecord]
  /// To which of `records` each output belongs; ascending.
  let owners: [Int]
  /// What repeats of each record are recognised by; empty for a stateless role.
  let identities: [RequestIdentity?]
  /// The key whose turn ends with this settlement, when a handler ran for it.
  let finishedKey: Bytes?
  /// By position in `records`: those that concern streams or deadlines. Few in most batches.
  var special: [Int: Special] = [:]
  /// To be forgotten once the outputs are published.
  var timers: [DurableTimer] = []
  /// To be released once the outputs are published.
  var executions: [ExecutionClaim] = []

  struct Special: Sendable {
    /// Decided when the batch is committed, by what the stream is then.
    var work: StreamWork?
    var claim: DeadlineClaim?
    /// The idempotency key of a request that is answered elsewhere, with what it asks for.
    var key: RequestIdentity?
  }
}

/// A lane in one assignment: the same partition assigned again is another lane, and what belongs to the earlier one is
/// dropped.
struct LaneReference: Sendable, Hashable {
  let partition: TopicPartition
  let epoch: UInt64
}
