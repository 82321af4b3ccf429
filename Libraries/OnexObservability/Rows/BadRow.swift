import OnexCore

/// Why an event is no row of its table. It goes to the dead-letter topic with this.
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
    /// PostgreSQL refused a row that looked good here.
    case refusedByDatabase = "refused_by_database"
  }

  /// The first thing that is wrong.
  let cause: Cause
  /// Everything that is wrong, for the person who repairs it.
  let reason: String
  let correlationID: CorrelationID?

  /// As docs/reference/errors.md has it, and one of its own for records without a value.
  var code: String {
    switch cause {
    case .tombstone: "TOMBSTONE"
    case .tooLarge: ErrorCode.payloadTooLarge.rawValue
    case .invalidJSON: ErrorCode.invalidJSON.rawValue
    default: ErrorCode.schemaViolation.rawValue
    }
  }
}
