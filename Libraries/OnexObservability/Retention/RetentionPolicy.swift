import OnexCore
import Synchronization

/// How long rows are kept.
enum RetentionPolicy: Sendable, Equatable {
  case forever
  /// For each table by its name.
  case days([String: Int])

  /// `nil` when nothing of the table is removed.
  func days(of table: ObservabilityTable) -> Int? {
    switch self {
    case .forever: nil
    case .days(let days): days[table.name]
    }
  }
}

/// The database's clock beside this machine's. Rows are removed by the database's; an event is refused as too old only when it is by both,
/// so that one clock that is ahead puts nothing aside.
final class DatabaseClock: Sendable {
  /// How far the database's clock is behind this machine's; never below zero.
  private let behind = Mutex(Int64(0))

  func showed(_ database: Timestamp, at local: Timestamp) {
    let (difference, overflow) = local.microseconds.subtractingReportingOverflow(database.microseconds)
    behind.withLock { $0 = overflow ? 0 : max(difference, 0) }
  }

  func earlier(of local: Timestamp) -> Timestamp {
    Timestamp(microseconds: local.microseconds.subtractingReportingOverflow(behind.withLock { $0 }).partialValue)
  }
}
