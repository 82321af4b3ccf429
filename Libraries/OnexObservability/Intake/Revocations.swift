import OnexCore

/// Partitions that the group wants back and that are still being finished. Pure.
struct Revocations {
  /// The longest that giving up may take. The group waits meanwhile; what is not finished by then is read again by the next
  /// owner.
  static let waitMax: Duration = .seconds(10)

  private var waiting: [(partitions: [TopicPartition], deadline: Duration)] = []

  var isEmpty: Bool { waiting.isEmpty }

  mutating func add(_ partitions: [TopicPartition], at now: Duration) {
    waiting.append((partitions, now + Revocations.waitMax))
  }

  /// Those that can be given up now: drained, out of time, or hopeless because the database is away.
  mutating func due(at now: Duration, isHopeless: Bool, isDrained: ([TopicPartition]) -> Bool) -> [[TopicPartition]] {
    var due: [[TopicPartition]] = []
    waiting.removeAll { entry in
      let isDue = isHopeless || now >= entry.deadline || isDrained(entry.partitions)
      if isDue { due.append(entry.partitions) }
      return isDue
    }
    return due
  }
}
