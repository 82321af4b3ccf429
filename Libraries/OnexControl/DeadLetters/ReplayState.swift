import OnexCore

/// Whether a dead letter was sent back.
enum ReplayState: Sendable, Equatable {
  case open
  /// Last at this time, where the marker says one.
  case replayed(Timestamp?)

  var word: String {
    switch self {
    case .open: "open"
    case .replayed: "replayed"
    }
  }

  var replayedAt: Timestamp? {
    if case .replayed(let time) = self { time } else { nil }
  }
}
