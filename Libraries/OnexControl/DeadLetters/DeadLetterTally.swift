import OnexCore

/// Counts dead letters by topic and error code. Pure; records of a partition come in order.
struct DeadLetterTally: Sendable {
  struct Group: Sendable {
    let topic: String
    /// `nil` for records that say none.
    let code: String?
    var count = 0
    var replayed = 0
    var oldest: Timestamp?
    var newest: Timestamp?
  }

  private struct Name: Hashable {
    let topic: String
    let code: String?
  }

  private var all: [Group] = []
  private var indices: [Name: Int] = [:]
  /// The group of each dead letter that was not sent back. A second marker of the same one finds nothing to count.
  private var open: [LogPlace: Int] = [:]

  mutating func add(_ record: ConsumedRecord) {
    if let marker = ReplayMarker(record) {
      if let index = open.removeValue(forKey: marker.place) { all[index].replayed += 1 }
      return
    }
    let entry = DeadLetterEntry(record)
    let index = group(Name(topic: entry.place.topic, code: entry.code))
    open[entry.place] = index
    all[index].count += 1
    guard let failedAt = entry.failedAt else { return }
    all[index].oldest = min(all[index].oldest ?? failedAt, failedAt)
    all[index].newest = max(all[index].newest ?? failedAt, failedAt)
  }

  private mutating func group(_ name: Name) -> Int {
    if let known = indices[name] { return known }
    all.append(Group(topic: name.topic, code: name.code))
    indices[name] = all.count - 1
    return all.count - 1
  }

  /// By topic, then by code.
  var groups: [Group] { all.sorted { ($0.topic, $0.code ?? "") < ($1.topic, $1.code ?? "") } }
}
