import OnexCore

/// Keeps the newest dead letters that match, and counts the others. Pure; records of a partition come in order.
struct NewestDeadLetters: Sendable {
  private let limit: Int
  private let filter: DeadLetterFilter
  private var kept: [LogPlace: DeadLetterEntry] = [:]
  private var markers: [LogPlace: Timestamp?] = [:]
  /// Also those that are not kept.
  private(set) var matching = 0

  init(limit: Int, filter: DeadLetterFilter) {
    precondition(limit > 0, "a list shows something")
    self.limit = limit
    self.filter = filter
  }

  mutating func add(_ record: ConsumedRecord) {
    if let marker = ReplayMarker(record) {
      // What is not kept when its marker comes, which is later in the same partition, is never kept again.
      if kept[marker.place] != nil { markers[marker.place] = .some(marker.time) }
      return
    }
    let entry = DeadLetterEntry(record)
    guard filter.matches(entry) else { return }
    matching += 1
    kept[entry.place] = entry
    // Sorting once for so many that come in costs little for each.
    if kept.count >= limit + max(limit, 256) { cut() }
  }

  private mutating func cut() {
    for entry in sorted.dropLast(limit) {
      kept[entry.place] = nil
      markers[entry.place] = nil
    }
  }

  private var sorted: [DeadLetterEntry] {
    let none = Timestamp(microseconds: .min)
    return kept.values.sorted { ($0.failedAt ?? none, $0.place) < ($1.failedAt ?? none, $1.place) }
  }

  /// Newest last.
  var entries: [(entry: DeadLetterEntry, state: ReplayState)] {
    sorted.suffix(limit).map { entry in (entry, markers[entry.place].map { .replayed($0) } ?? .open) }
  }
}
