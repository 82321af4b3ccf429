import OnexCore

/// How old the oldest record of a partition is that is not settled. Pure. Not every record is noted, so an age is too high by the time
/// that a thousand records took, at most.
struct PendingTimes {
  private static let step: Int64 = 1000

  private var marks: [(offset: Int64, time: Timestamp)] = []

  var oldest: Timestamp? { marks.first?.time }

  mutating func delivered(_ record: ConsumedRecord) {
    guard let time = record.timestamp else { return }
    if let last = marks.last, record.offset &- last.offset < PendingTimes.step { return }
    marks.append((record.offset, time))
  }

  /// - Parameter first: the first record that is not settled; `nil` when there is none.
  mutating func settled(before first: Int64?) {
    guard let first else { return marks.removeAll() }
    let passed = marks.dropFirst().prefix { $0.offset <= first }.count
    if passed > 0 { marks.removeFirst(passed) }
  }
}
