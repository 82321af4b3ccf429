import OnexCore

/// A time as an operator types it: an RFC 3339 time, or how long ago: `90s`, `30m`, `2h`, `7d`.
enum PointInTime {
  private static let seconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
  private static let agoMax: Int64 = 100 * 366 * 86400

  static func parse(_ text: String, now: Timestamp) -> Timestamp? {
    if let time = Timestamp(rfc3339: text) { return time }
    guard let unit = text.last.flatMap({ seconds[$0] }), let count = LogPlace.number(text.dropLast(), Int64.self) else {
      return nil
    }
    let (ago, isTooLong) = count.multipliedReportingOverflow(by: unit)
    guard !isTooLong, ago <= agoMax else { return nil }
    return now + .seconds(-ago)
  }
}
