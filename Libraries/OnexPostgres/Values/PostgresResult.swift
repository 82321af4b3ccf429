import CPostgres
import OnexCore

/// What a statement gave back. Owns libpq's result and reads from it on demand, so that nothing is copied twice. It never changes
/// once received, which makes it safe to read from any thread.
public final class PostgresResult: @unchecked Sendable {
  private let result: OpaquePointer
  /// Rows that the statement returned.
  public let count: Int
  public let columns: [String]

  /// Takes over `result`.
  init(_ result: OpaquePointer) {
    self.result = result
    count = Int(PQntuples(result))
    columns = (0..<PQnfields(result)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
  }

  deinit { PQclear(result) }

  /// Rows that the statement inserted, updated, deleted or returned.
  public var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

  /// "INSERT 0 3", "COMMIT" and so on.
  var command: String { String(cString: PQcmdStatus(result)) }

  public subscript(_ row: Int) -> PostgresRow {
    precondition((0..<count).contains(row), "a result has \(count) rows")
    return PostgresRow(result: self, row: row)
  }

  public var rows: some Sequence<PostgresRow> { (0..<count).lazy.map { self[$0] } }

  func value<R>(row: Int, column: Int, _ body: (UnsafeRawBufferPointer, UInt32) throws(PostgresError) -> R)
    throws(PostgresError) -> R?
  {
    let (row, column) = (Int32(row), Int32(column))
    guard PQgetisnull(result, row, column) == 0 else { return nil }
    let bytes = UnsafeRawBufferPointer(
      start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
    return try body(bytes, UInt32(PQftype(result, column)))
  }
}

/// One row of a result.
public struct PostgresRow: Sendable {
  let result: PostgresResult
  let row: Int

  /// The column's value; `nil` for NULL.
  public func optional<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) throws(PostgresError)
    -> Value?
  {
    guard let index = result.columns.firstIndex(of: column) else {
      throw PostgresError(.decoding, "the result has no column \(column); it has \(result.columns.joined(separator: ", "))")
    }
    return try result.value(row: row, column: index) { bytes, oid throws(PostgresError) in
      guard let value = Value.decode(bytes, oid: oid) else {
        throw PostgresError(.decoding, "column \(column) (type \(oid)) is no \(Value.self)")
      }
      return value
    }
  }

  /// The column's value; NULL is an error.
  public func value<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) throws(PostgresError) -> Value {
    guard let value = try optional(column, as: type) else {
      throw PostgresError(.decoding, "column \(column) is NULL")
    }
    return value
  }
}
