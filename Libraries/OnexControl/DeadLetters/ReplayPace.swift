import OnexCore

/// Spreads a replay over time. Pure.
struct ReplayPace: Sendable {
  static let defaultRate = 100
  private static let batchesPerSecond = 10
  private static let batchMax = 500

  /// Records a second.
  /// A year: no replay waits longer for a record.
  private static let maxDelaySeconds = 31_536_000.0

  let rate: Int

  /// Records that are sent at once, so that a second has several batches.
  var batch: Int { min(max(rate / ReplayPace.batchesPerSecond, 1), ReplayPace.batchMax) }

  /// How long after the start the next record may go.
  func delay(afterSending count: Int) -> Duration {
    .saturating(seconds: min(Double(max(count, 0)) / Double(max(rate, 1)), ReplayPace.maxDelaySeconds))
  }
}
