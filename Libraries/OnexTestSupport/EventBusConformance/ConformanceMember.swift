import OnexCore

/// A consumer and what it was told so far.
final class ConformanceMember {
  struct Skip: Equatable {
    let partition: TopicPartition
    let from: Int64
    let to: Int64
  }

  static let waitMax: Duration = .seconds(60)

  let consumer: any EventConsumer
  private(set) var records: [ConsumedRecord] = []
  private(set) var assigned: Set<TopicPartition> = []
  private(set) var revoking: Set<TopicPartition> = []
  private(set) var hasJoined = false
  private(set) var skipped: [Skip] = []
  private(set) var wentBack: [Skip] = []
  /// Gives up at once what the group wants back, after storing what was read.
  var yieldsReadily = true
  private let clock = SystemClock()

  init(_ consumer: any EventConsumer) { self.consumer = consumer }

  /// The next offset to read of each partition that records came from.
  var next: [TopicPartition: Int64] {
    records.reduce(into: [:]) { next, record in next[record.source] = max(next[record.source] ?? 0, record.offset + 1) }
  }

  func offsets(_ partition: TopicPartition) -> [Int64] { records.filter { $0.source == partition }.map(\.offset) }

  func forgetRecords() { records.removeAll() }

  @discardableResult
  func poll(_ limit: PollLimit = PollLimit(wait: .milliseconds(20))) async throws -> [ConsumerEvent] {
    let events = await consumer.poll(limit)
    for event in events {
      switch event {
      case .records(let new): try take(new)
      case .assigned(let partitions):
        hasJoined = true
        try require(assigned.isDisjoint(with: partitions), "a partition that is held is not assigned again: \(partitions)")
        assigned.formUnion(partitions)
      case .revoking(let partitions):
        try require(assigned.isSuperset(of: partitions), "only held partitions are wanted back: \(partitions)")
        revoking.formUnion(partitions)
        if yieldsReadily { try giveUp() }
      case .lost(let partitions):
        assigned.subtract(partitions)
        revoking.subtract(partitions)
      case .fault(let error):
        if error.isFatal { throw ConformanceFailure("the consumer failed for good: \(error)") }
      case .skipped(let partition, let from, let to):
        try require(from < to, "a gap is not empty: \(partition) \(from) to \(to)")
        skipped.append(Skip(partition: partition, from: from, to: to))
      case .wentBack(let partition, let from, let to):
        wentBack.append(Skip(partition: partition, from: from, to: to))
      case .recovered: break
      }
    }
    return events
  }

  private func take(_ new: [ConsumedRecord]) throws {
    for record in new {
      try require(assigned.contains(record.source), "records come of assigned partitions only, not of \(record.source)")
      try require(!revoking.contains(record.source), "no records come of \(record.source) once it is wanted back")
    }
    records += new
  }

  /// Stores what was read and hands over what the group wants back.
  func giveUp() throws {
    try consumer.storeOffsets(next.filter { revoking.contains($0.key) })
    consumer.completeRevocation(Array(revoking))
    assigned.subtract(revoking)
    revoking.removeAll()
  }

  func store() throws { try consumer.storeOffsets(next.filter { assigned.contains($0.key) }) }

  /// Polls until `condition` holds.
  func poll(
    _ limit: PollLimit = PollLimit(wait: .milliseconds(20)), until promise: String,
    _ condition: (ConformanceMember) throws -> Bool
  ) async throws {
    let deadline = clock.uptime() + ConformanceMember.waitMax
    while try !condition(self) {
      try require(clock.uptime() < deadline, "\(promise), within \(ConformanceMember.waitMax); \(state)")
      try await poll(limit)
    }
  }

  private var state: String {
    "\(hasJoined ? "joined" : "not joined"), assigned \(assigned.sorted()), revoking \(revoking.sorted()), \(records.count) records, next \(next)"
  }

  /// Polls several members in turn until `condition` holds.
  static func poll(_ members: [ConformanceMember], until promise: String, _ condition: () throws -> Bool) async throws {
    let clock = SystemClock()
    let deadline = clock.uptime() + waitMax
    while try !condition() {
      let states = members.map(\.state).joined(separator: "; ")
      try require(clock.uptime() < deadline, "\(promise), within \(waitMax); \(states)")
      for member in members { try await member.poll() }
    }
  }
}
