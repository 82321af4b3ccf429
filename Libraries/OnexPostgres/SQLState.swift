/// What the five characters of an SQLSTATE mean to a caller (PostgreSQL documentation, appendix A "PostgreSQL Error Codes").
public enum SQLState {
  public static let uniqueViolation = "23505"
  public static let undefinedTable = "42P01"
  public static let queryCanceled = "57014"
  public static let serializationFailure = "40001"
  public static let deadlockDetected = "40P01"

  /// Broken connections (08), a lack of memory, disk or connections (53), shutdown and recovery (57P0x), errors of the
  /// machine below (58), and a primary that has become a standby (25006).
  static func isOutage(_ state: String) -> Bool {
    state.hasPrefix("08") || state.hasPrefix("53") || state.hasPrefix("57P0") || state.hasPrefix("58") || state == "25006"
  }

  /// Errors after which the server has closed the session or is about to.
  static func endsSession(_ state: String) -> Bool {
    state.hasPrefix("08") || state.hasPrefix("57P0") || state == "25006"
  }

  /// Serialization failures, deadlocks (40), locks not available (55P03) and statements that were cancelled for taking too long.
  static func isConflict(_ state: String) -> Bool {
    state.hasPrefix("40") || state == "55P03" || state == queryCanceled
  }

  /// Cardinality (21), data exceptions (22), constraints (23), checked views (44), limits of a row or an index entry (54), and
  /// what a trigger raises itself (P0001).
  static func isData(_ state: String) -> Bool {
    ["21", "22", "23", "44", "54"].contains { state.hasPrefix($0) } || state == "P0001"
  }

  /// Role or password refused (28).
  static func isAuthentication(_ state: String) -> Bool { state.hasPrefix("28") }
}
