import OnexCore

/// One step of the database's schema: `migrations/forward/NNN_name.sql`, and how to take it back.
public struct Migration: Sendable, Equatable {
  public let number: Int
  public let name: String
  public let sql: Bytes
  /// `migrations/rollback/rollback_NNN_name.sql`; `nil` when there is none.
  public let rollback: Bytes?

  public init(number: Int, name: String, sql: Bytes, rollback: Bytes? = nil) {
    self.number = number
    self.name = name
    self.sql = sql
    self.rollback = rollback
  }

  /// SHA-256 of the file, 64 hex digits.
  public var checksum: String { SHA256.hex(of: sql) }

  /// A file that begins with this line runs outside a transaction, as `CREATE INDEX CONCURRENTLY` must.
  static let noTransaction = "-- onex: no transaction"

  var isTransactional: Bool { !sql.text.hasPrefix(Migration.noTransaction) }

  public var title: String { "\(Migration.padded(number))_\(name)" }

  static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }
}

/// A migration that a database says it has.
public struct AppliedMigration: Sendable, Equatable {
  public let number: Int
  public let name: String
  /// `nil` when something other than `onexctl migrate` ran the file.
  public let checksum: String?
  public let appliedAt: Timestamp

  public init(number: Int, name: String, checksum: String?, appliedAt: Timestamp) {
    self.number = number
    self.name = name
    self.checksum = checksum
    self.appliedAt = appliedAt
  }
}
