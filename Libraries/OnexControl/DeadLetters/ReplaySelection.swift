import OnexCore

/// Decides from one pass over a topic which of its dead letters are to be sent back. Pure; records of a partition come in order.
struct ReplaySelection: Sendable {
  enum Aim: Sendable {
    case matching(DeadLetterFilter)
    case one(LogPlace)
  }

  private let aim: Aim
  /// Whether what was sent back before is sent again.
  private let again: Bool
  private var due: [LogPlace: Timestamp] = [:]
  private(set) var replayedBefore = 0
  private(set) var refused: [ReplayReport.Problem] = []

  init(_ aim: Aim, again: Bool = false) {
    self.aim = aim
    self.again = again
  }

  mutating func add(_ record: ConsumedRecord) {
    if let marker = ReplayMarker(record) {
      guard !again, due.removeValue(forKey: marker.place) != nil else { return }
      replayedBefore += 1
      return
    }
    let entry = DeadLetterEntry(record)
    guard isMeant(entry) else { return }
    if let refusal = entry.refusal {
      refused.append(ReplayReport.Problem(place: entry.place, reason: refusal))
    } else {
      due[entry.place] = entry.failedAt
    }
  }

  private func isMeant(_ entry: DeadLetterEntry) -> Bool {
    switch aim {
    case .matching(let filter): filter.matches(entry)
    case .one(let place): entry.place == place
    }
  }

  /// Whether anything was meant at all.
  var isEmpty: Bool { due.isEmpty && replayedBefore == 0 && refused.isEmpty }

  /// The oldest ones, so that one run after the other goes through all of them in order.
  func places(limit: Int?) -> Set<LogPlace> {
    guard let limit, limit < due.count else { return Set(due.keys) }
    return Set(due.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(limit).map(\.key))
  }
}
