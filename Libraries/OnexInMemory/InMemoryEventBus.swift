import OnexCore
import Synchronization

/// An event bus inside the process: embedded mode and the twin for tests. It keeps what the real one promises, except that
/// nothing survives the process.
public final class InMemoryEventBus: EventBus {
  public struct Limits: Sendable {
    /// Topics are made on first use with so many partitions.
    public var partitions: Int
    /// When a partition holds so many records that some group has not stored yet, publishing to it fails retriably.
    public var recordsMax: Int
    /// Records that are kept for late readers of topics that no group reads.
    public var keptWithoutGroup: Int
    public var recordBytesMax: Int

    public init(partitions: Int = 6, recordsMax: Int = 50_000, keptWithoutGroup: Int = 1000, recordBytesMax: Int = 8 << 20) {
      self.partitions = partitions
      self.recordsMax = recordsMax
      self.keptWithoutGroup = keptWithoutGroup
      self.recordBytesMax = recordBytesMax
    }
  }

  struct State {
    var topics: [String: [PartitionLog]] = [:]
    var groups: [String: GroupState] = [:]
    var nextMember = 1
    var nextPartition = 0
    /// Set by tests: what publishing answers instead of writing.
    var publishFault: (@Sendable (OutboundRecord) -> EventBusError?)?
  }

  let state = Mutex(State())
  let changes = ChangeSignal()
  let limits: Limits
  let clock: any RuntimeClock

  public init(clock: any RuntimeClock = SystemClock(), limits: Limits = Limits()) {
    self.clock = clock
    self.limits = limits
  }

  /// Makes a topic with so many partitions; does nothing when it exists. Others are made on first use.
  public func createTopic(_ name: String, partitions: Int) {
    precondition(partitions > 0, "a topic has a partition")
    state.withLock { state in
      guard state.topics[name] == nil else { return }
      state.topics[name] = Array(repeating: PartitionLog(), count: partitions)
    }
  }

  public func consumer(_ subscription: Subscription) throws(EventBusError) -> any EventConsumer {
    let member = state.withLock { state in
      let id = state.nextMember
      state.nextMember += 1
      let partitions = subscription.topics.flatMap { topic in
        makeTopic(topic, &state).indices.map { TopicPartition(topic, Int32($0)) }
      }
      state.groups[subscription.group, default: GroupState()].members[id] = GroupState.Member(
        topics: subscription.topics, start: subscription.start)
      state.groups[subscription.group]?.rebalance(partitions)
      return id
    }
    changes.notify()
    return InMemoryConsumer(self, subscription, member)
  }

  public func producer() throws(EventBusError) -> any EventProducer { InMemoryProducer(self) }

  public func reader(topics: [String], from start: ReaderStart) async throws(EventBusError) -> any EventReader {
    let (positions, ends) = state.withLock { state in
      var positions: [TopicPartition: Int64] = [:]
      var ends: [TopicPartition: Int64] = [:]
      for topic in topics {
        for (index, log) in makeTopic(topic, &state).enumerated() {
          let partition = TopicPartition(topic, Int32(index))
          ends[partition] = log.end
          positions[partition] =
            switch start {
            case .beginning: log.start
            case .end: log.end
            case .last(let count): max(log.start, log.end - Int64(count))
            }
        }
      }
      return (positions, ends)
    }
    return InMemoryReader(self, positions, ends: ends)
  }

  /// For tests: lets publishing fail; `nil` ends it.
  public func failPublishing(_ fault: (@Sendable (OutboundRecord) -> EventBusError?)?) {
    state.withLock { $0.publishFault = fault }
  }

  /// For tests: the member that holds the partition loses it, as after a missed session; another member, or it again, gets it.
  public func losePartition(_ partition: TopicPartition, group: String) {
    state.withLock { state in
      guard let owner = state.groups[group]?.members.first(where: { $0.value.owned.contains(partition) })?.key else { return }
      state.groups[group]?.lose([partition], of: owner)
      state.groups[group]?.assignFree()
    }
    changes.notify()
  }

  /// For tests: deletes records as retention does, read or not.
  public func deleteRecords(_ partition: TopicPartition, before offset: Int64) {
    state.withLock { state in
      guard state.topics[partition.topic]?.indices.contains(Int(partition.partition)) == true else { return }
      state.topics[partition.topic]?[Int(partition.partition)].evict(before: offset)
    }
    changes.notify()
  }

  /// For tests: deletes a topic and makes it again. The groups keep their offsets, as a broker's do for a while.
  public func recreateTopic(_ name: String) {
    state.withLock { state in
      state.topics[name] = state.topics[name].map { Array(repeating: PartitionLog(), count: $0.count) }
    }
    changes.notify()
  }

  /// For tests: whether every group has stored everything.
  public var isDrained: Bool {
    state.withLock { state in
      state.groups.values.allSatisfy { group in
        let topics = Set(group.members.values.flatMap(\.topics))
        return topics.allSatisfy { topic in
          (state.topics[topic] ?? []).enumerated().allSatisfy { index, log in
            log.end == (group.committed[TopicPartition(topic, Int32(index))] ?? log.start)
          }
        }
      }
    }
  }

  /// Topics that exist, in order.
  public var topicNames: [String] { state.withLock { $0.topics.keys.sorted() } }

  @discardableResult
  func makeTopic(_ name: String, _ state: inout State) -> [PartitionLog] {
    if let known = state.topics[name] { return known }
    let made = Array(repeating: PartitionLog(), count: limits.partitions)
    state.topics[name] = made
    return made
  }

  func partitions(of topics: [String], _ state: State) -> [TopicPartition] {
    topics.flatMap { topic in (state.topics[topic] ?? []).indices.map { TopicPartition(topic, Int32($0)) } }
  }

  /// Drops what every group has stored, and all but the newest of what no group reads.
  func evict(_ partition: TopicPartition, _ state: inout State) {
    let readers = state.groups.values.filter { group in group.members.values.contains { $0.topics.contains(partition.topic) } }
    let index = Int(partition.partition)
    guard let log = state.topics[partition.topic]?[index] else { return }
    let keep = log.end - Int64(limits.keptWithoutGroup)
    let stored = readers.map { $0.committed[partition] ?? log.start }.min() ?? .max
    state.topics[partition.topic]?[index].evict(before: min(stored, keep))
  }
}
