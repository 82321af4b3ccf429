import OnexCore
import Synchronization

/// An inbox in memory: what the durable one promises, for as long as the process lives and within a bound.
///
/// The oldest answers are forgotten first. Embedded mode and tests use it alone; a service uses it only to spare its receivers
/// repeats until the journal takes its place.
public final class InMemoryStore: Store {
  public struct Limits: Sendable {
    public var entriesMax: Int
    public var bytesMax: Int

    public init(entriesMax: Int = 20_000, bytesMax: Int = 8 << 20) {
      self.entriesMax = entriesMax
      self.bytesMax = bytesMax
    }
  }

  private struct Identity: Hashable {
    let consumer: String
    let message: MessageIdentity
  }

  private struct Answer {
    let batch: RawUUID
    let position: Int
    let recorded: RecordedAnswer
  }

  private struct State {
    var answers: [Identity: Answer] = [:]
    var epochs: [String: [TopicPartition: LaneEpoch]] = [:]
    /// In order of arrival; those before `head` are forgotten.
    var order: [(identity: Identity, bytes: Int)] = []
    var head = 0
    var bytes = 0
  }

  private let limits: Limits
  private let state = Mutex(State())

  public init(limits: Limits = Limits()) { self.limits = limits }

  public var isStateless: Bool { false }

  public func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    state.withLock { state in
      var epochs: [TopicPartition: LaneEpoch] = [:]
      for partition in partitions {
        let next = state.epochs[consumer]?[partition].map { $0 + 1 } ?? 1
        state.epochs[consumer, default: [:]][partition] = next
        epochs[partition] = next
      }
      return epochs
    }
  }

  public func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? {
    state.withLock { $0.answers[Identity(consumer: consumer, message: identity)]?.recorded }
  }

  public func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    state.withLock { state in
      let fenced = batch.lanes.filter { state.epochs[batch.consumer]?[$0.key] != $0.value }
      guard fenced.isEmpty else { return .fenced(Set(fenced.keys)) }
      var repeats: [Int: RecordedAnswer] = [:]
      for (index, entry) in batch.entries.enumerated() {
        let identity = Identity(consumer: batch.consumer, message: entry.identity)
        guard let answer = state.answers[identity] else {
          add(entry, index, batch.id, identity, &state)
          continue
        }
        if answer.batch != batch.id || answer.position != index { repeats[index] = answer.recorded }
      }
      return .committed(repeats: repeats)
    }
  }

  private func add(_ entry: CommitEntry, _ position: Int, _ batch: RawUUID, _ identity: Identity, _ state: inout State) {
    // Copied: a slice would keep its whole batch in memory.
    let outputs = entry.outputs.map(InMemoryStore.copy)
    let bytes = outputs.reduce(0) { $0 + ($1.value?.count ?? 0) + ($1.key?.count ?? 0) }
    state.answers[identity] = Answer(
      batch: batch, position: position, recorded: RecordedAnswer(digest: entry.digest, outputs: outputs))
    state.order.append((identity, bytes))
    state.bytes += bytes
    while state.order.count - state.head > limits.entriesMax || state.bytes > limits.bytesMax {
      let oldest = state.order[state.head]
      state.answers[oldest.identity] = nil
      state.bytes -= oldest.bytes
      state.head += 1
    }
    if state.head > limits.entriesMax {
      state.order.removeFirst(state.head)
      state.head = 0
    }
  }

  private static func copy(_ record: OutboundRecord) -> OutboundRecord {
    func copied(_ bytes: Bytes?) -> Bytes? { bytes?.withUnsafeBytes { Bytes(copying: $0) } }
    return OutboundRecord(
      topic: record.topic, partition: record.partition, key: copied(record.key), value: copied(record.value),
      messageID: record.messageID, headers: record.headers.map { RecordHeader($0.name, copied($0.value)) })
  }
}
