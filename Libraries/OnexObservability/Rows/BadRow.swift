import OnexCore

/// Why an event is no row of its table. It goes to the dead-letter topic with this.
struct BadRow: Error, Sendable, Equatable {
  /// What dead letters are counted by.
  enum Cause: String, Sendable, CaseIterable {
    case tombstone
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

  /// As in WIRE "Error codes".
  var code: ErrorCode { cause == .invalidJSON ? .invalidJSON : .schemaViolation }
}
