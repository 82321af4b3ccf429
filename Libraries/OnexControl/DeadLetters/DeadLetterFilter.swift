import OnexCommandLine
import OnexCore

/// Which dead letters are meant. What is `nil` leaves all of them. Pure.
struct DeadLetterFilter: Sendable {
  static let options: [(name: String, value: String)] = [
    ("--code", "CODE"), ("--since", "TIME"), ("--until", "TIME"), ("--correlation", "UUID"), ("--group", "CONSUMER_GROUP"),
  ]

  var code: String?
  /// The first moment that is meant, and the first that is not any more.
  var since: Timestamp?
  var until: Timestamp?
  var correlation: RawUUID?
  var group: String?

  init() {}

  init(_ arguments: ArgumentSet, now: Timestamp) throws(ArgumentSet.Misuse) {
    code = arguments.values["--code"]
    group = arguments.values["--group"]
    since = try DeadLetterFilter.time("--since", arguments, now)
    until = try DeadLetterFilter.time("--until", arguments, now)
    if let since, let until, since >= until {
      throw ArgumentSet.Misuse(message: "--since must be before --until: nothing lies from \(since.rfc3339) to \(until.rfc3339)")
    }
    guard let text = arguments.values["--correlation"] else { return }
    guard let id = RawUUID(text) else { throw ArgumentSet.Misuse(message: "--correlation must be a UUID, not \"\(text)\"") }
    correlation = id
  }

  private static func time(
    _ option: String, _ arguments: ArgumentSet, _ now: Timestamp
  ) throws(ArgumentSet.Misuse) -> Timestamp? {
    guard let text = arguments.values[option] else { return nil }
    guard let time = PointInTime.parse(text, now: now) else {
      throw ArgumentSet.Misuse(
        message:
          "\(option) must be an RFC 3339 time such as 2026-11-21T03:48:54Z, or how long ago: 90s, 30m, 2h, 7d; not \"\(text)\"")
    }
    return time
  }

  /// A dead letter that does not say what is asked for is not meant.
  func matches(_ entry: DeadLetterEntry) -> Bool {
    if let code, entry.code != code { return false }
    if let group, entry.consumerGroup != group { return false }
    if let correlation, entry.correlationID.flatMap({ RawUUID($0) }) != correlation { return false }
    if since == nil, until == nil { return true }
    guard let failedAt = entry.failedAt else { return false }
    return (since.map { failedAt >= $0 } ?? true) && (until.map { failedAt < $0 } ?? true)
  }
}
