import OnexCore
import Synchronization

/// Lanes that somebody else has claimed although the group still calls them ours. One of the two members is wrong, and the group will
/// say which: whoever is still assigned after a rest claims the lane again and goes on from the first record that is not done.
final class FencedLanes: Sendable {
  struct Lane: Sendable {
    let partition: TopicPartition
    let offset: Int64
    let dueAt: Duration
  }

  private let state = Mutex<[TopicPartition: Lane]>([:])

  func add(_ lane: Lane) { state.withLock { $0[lane.partition] = lane } }

  /// These are no concern of this member's any more.
  func remove(_ partitions: [TopicPartition]) {
    state.withLock { state in for partition in partitions { state[partition] = nil } }
  }

  /// Takes out those whose rest is over.
  func due(at now: Duration) -> [Lane] {
    state.withLock { state in
      guard !state.isEmpty else { return [] }
      let due = state.values.filter { $0.dueAt <= now }.sorted { $0.partition < $1.partition }
      for lane in due { state[lane.partition] = nil }
      return due
    }
  }
}
