import OnexCore

/// The reason why an event is no row of its table. It goes to the dead-letter topic with this.
struct BadRow: Error, Sendable, Equatable {
  /// What dead letters are counted by.
  enum Cause: String, Sendable, CaseIterable {
    case tombstone
    case tooLarge = "too_large"
    case invalidJSON = "invalid_json"
    case missingField = "missing_field"
    case wrongType = "wrong_type"
    case invalidUUID = "invalid_uuid"
    case invalidTimestamp = "invalid_timestamp"
    case outOfRange = "out_of_range"
    case tooLong = "too_long"
    case nulByte = "nul_byte"
    /// More members than one event may have.
    case tooManyMembers = "too_many_members"
    /// More processor time than one event may take.
    case tooSlow = "too_slow"
    /// Older than the rows of its table are kept: the row would be deleted at once.
    case expired
    /// PostgreSQL refused a row that looked good here.
    case refusedByDatabase = "refused_by_database"
  }

  /// The first thing that is wrong.
  let cause: Cause
  /// Everything that is wrong, for the person who repairs it.
  let reason: String
  let correlationID: CorrelationID?

  /// A code of docs/reference/errors.md, or one of docs/reference/observability.md.
  var code: String {
    switch cause {
    case .tombstone: "TOMBSTONE"
    case .tooLarge, .tooManyMembers: ErrorCode.payloadTooLarge.rawValue
    case .tooSlow: "DECODING_TIMEOUT"
    case .expired: "EXPIRED"
    case .invalidJSON: ErrorCode.invalidJSON.rawValue
    default: ErrorCode.schemaViolation.rawValue
    }
  }
}
