import CPostgres

extension Session {
  func error(of result: OpaquePointer, _ exchange: Exchange) -> PostgresError {
    func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
    let state = field(ErrorField.sqlState)
    let message = parameters.scrubbed(field(ErrorField.message) ?? String(cString: PQresultErrorMessage(result)))
    // libpq makes up a result without a state when the connection breaks.
    guard let state else { return PostgresError(.connectionLost, message) }
    if exchange.isCancelled, state == SQLState.queryCanceled {
      return PostgresError(.cancelled, "the task was cancelled", sqlState: state)
    }
    let subject = field(ErrorField.constraint) ?? field(ErrorField.column) ?? field(ErrorField.table)
    return PostgresError(.statement, message, sqlState: state, subject: subject)
  }

  /// Why libpq did not take a statement: with a sound connection it is the statement's own fault (more than 65,535 parameters, say), and
  /// trying again would not help.
  func refused() -> PostgresError {
    guard PQstatus(connection) == CONNECTION_OK else { return broken() }
    return PostgresError(.statement, parameters.scrubbed(String(cString: PQerrorMessage(connection))))
  }

  func broken() -> PostgresError {
    let message = parameters.scrubbed(String(cString: PQerrorMessage(connection)))
    return PostgresError(.connectionLost, message.isEmpty ? "the connection to the database was lost" : message)
  }
}

/// `PG_DIAG_*` of postgres_ext.h: character macros, which the importer leaves out.
private enum ErrorField {
  static let sqlState = Int32(UInt8(ascii: "C"))
  static let message = Int32(UInt8(ascii: "M"))
  static let constraint = Int32(UInt8(ascii: "n"))
  static let column = Int32(UInt8(ascii: "c"))
  static let table = Int32(UInt8(ascii: "t"))
}
