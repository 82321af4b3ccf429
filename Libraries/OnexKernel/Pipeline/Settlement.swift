import OnexCore
import Synchronization

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
  /// Its outputs' share of the memory budget; given back when the last copy of the settlement is gone.
  var held: HeldBytes?

  struct Special: Sendable {
    /// Decided when the batch is committed, by what the stream is then.
    var work: StreamWork?
    var claim: DeadlineClaim?
    /// The idempotency key of a request that is answered elsewhere, with what it asks for.
    var key: RequestIdentity?
  }

  /// Bytes of its records and outputs.
  var size: Int { records.reduce(0) { $0 + $1.size } + outputBytes }

  var outputBytes: Int { outputs.reduce(0) { $0 + ($1.value?.count ?? 0) } }
}

// MARK: - Parts of a settlement

extension Settlement {
  /// The first `count` records and the others. What happens when all are done (the key's turn ends, timers and claims are released) belongs to the
  /// second part: the first is done before it.
  func split(at count: Int) -> (Settlement, Settlement) {
    precondition(count > 0 && count < records.count, "a part has a record")
    let cut = owners.firstIndex { $0 >= count } ?? owners.count
    var first = Settlement(
      lane: lane, records: Array(records[..<count]), outputs: Array(outputs[..<cut]), owners: Array(owners[..<cut]),
      identities: Array(identities.prefix(count)), finishedKey: nil)
    var second = Settlement(
      lane: lane, records: Array(records[count...]), outputs: Array(outputs[cut...]),
      owners: owners[cut...].map { $0 - count }, identities: Array(identities.dropFirst(count)), finishedKey: finishedKey)
    for (place, item) in special {
      if place < count { first.special[place] = item } else { second.special[place - count] = item }
    }
    second.timers = timers
    second.executions = executions
    (first.held, second.held) = (held, held)
    return (first, second)
  }

  /// The same single record with other outputs, and without what it asked of streams and deadlines.
  func replaced(by outputs: [OutboundRecord], _ identity: RequestIdentity?) -> Settlement {
    var other = Settlement(
      lane: lane, records: records, outputs: outputs, owners: outputs.map { _ in 0 }, identities: [identity],
      finishedKey: finishedKey)
    other.timers = timers
    other.executions = executions
    other.held = held
    return other
  }
}

extension [Settlement] {
  /// Two parts with about half of the records each, in order; `nil` when there is one record only.
  var halves: ([Settlement], [Settlement])? {
    if count > 1 { return (Array(self[..<(count / 2)]), Array(self[(count / 2)...])) }
    guard let only = first, only.records.count > 1 else { return nil }
    let (left, right) = only.split(at: only.records.count / 2)
    return ([left], [right])
  }
}

/// A share of a bound on memory, given back when it is released.
final class HeldBytes: Sendable {
  private let count: Int
  private let total: ByteTotal

  init(_ count: Int, of total: ByteTotal) {
    self.count = count
    self.total = total
    total.add(count)
  }

  deinit { total.add(-count) }
}

/// Bytes that are held at the moment.
final class ByteTotal: Sendable {
  private let bytes = Atomic<Int>(0)

  var value: Int { bytes.load(ordering: .relaxed) }

  func add(_ count: Int) { bytes.wrappingAdd(count, ordering: .relaxed) }
}

/// A lane in one assignment: the same partition assigned again is another lane, and what belongs to the earlier one is
/// dropped.
struct LaneReference: Sendable, Hashable {
  let partition: TopicPartition
  let epoch: UInt64
}
