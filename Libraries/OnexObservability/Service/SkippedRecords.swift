import OnexCore
import Synchronization

/// Records that the broker deleted before they were read: how many, of which partitions, and for how long `/health` shows it.
///
/// They cannot be read any more, so nothing ends the reason but time. Pure apart from its lock: time is given.
final class SkippedRecords: Sendable {
  /// Long enough to be seen by a person, after the last loss.
  static let shownFor: Duration = .seconds(3600)
  /// Partitions that a message names.
  private static let namedMax = 5

  private struct State {
    var counts: [TopicPartition: Int64] = [:]
    var last: Duration?
  }

  private let state = Mutex(State())

  /// - Returns: the message for the operator, with everything since the reason was last over.
  func add(_ partition: TopicPartition, _ count: Int64, at now: Duration) -> String {
    state.withLock { state in
      let (sum, overflow) = state.counts[partition, default: 0].addingReportingOverflow(count)
      state.counts[partition] = overflow ? .max : sum
      state.last = now
      let named = state.counts.sorted { $0.key < $1.key }.prefix(SkippedRecords.namedMax)
        .map { "\($0.value) of \($0.key)" }.joined(separator: ", ")
      let others =
        state.counts.count > SkippedRecords.namedMax ? " and of \(state.counts.count - SkippedRecords.namedMax) others" : ""
      return "records were deleted before they were read: \(named)\(others)"
    }
  }

  /// Forgets everything when the last loss is long enough ago.
  func isOver(at now: Duration) -> Bool {
    state.withLock { state in
      guard let last = state.last, now - last > SkippedRecords.shownFor else { return false }
      state = State()
      return true
    }
  }
}
