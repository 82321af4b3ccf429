import CPostgres

extension Session {
  /// Of a COPY, handed to the kernel before the next piece is taken: what libpq holds twice stays small.
  private static let pieceBytes = 64 << 10

  /// Runs a `COPY … FROM STDIN (FORMAT binary)` (PostgreSQL documentation, section 34.10).
  func copy(_ sql: String, _ rows: CopyWriter) -> Statement.Answer {
    exchange { exchange throws(PostgresError) in
      guard PQsendQuery(connection, sql) == 1 else { throw broken() }
      try flush(&exchange)
      if let refusal = try beginCopy(&exchange) { return refusal }
      try sendRows(rows, &exchange)
      return try receive(&exchange)
    }
  }

  /// - Returns: the server's answer when it does not want the rows.
  private func beginCopy(_ exchange: inout Exchange) throws(PostgresError) -> Statement.Answer? {
    guard let received = try nextResult(&exchange) else { throw broken() }
    let result = PostgresResult(received)
    if PQresultStatus(received) == PGRES_COPY_IN { return nil }
    let failure = error(of: received, exchange)
    // What follows the error is the end of the statement, or of the connection.
    while let rest = try nextResult(&exchange) { PQclear(rest) }
    guard PQstatus(connection) != CONNECTION_BAD else { throw failure }
    return withExtendedLifetime(result) { .failure(failure) }
  }

  private func sendRows(_ rows: CopyWriter, _ exchange: inout Exchange) throws(PostgresError) {
    var position = 0
    while position < rows.bytes.count {
      // Both: a server that waits for rows needs their end, one that works on them needs the cancel request.
      if isCancelRequested() {
        startCancelling(&exchange)
        return try endCopy("the task was cancelled", &exchange)
      }
      let end = min(position + Session.pieceBytes, rows.bytes.count)
      try put(rows.bytes[position..<end], &exchange)
      position = end
    }
    try put(CopyWriter.trailer[...], &exchange)
    try endCopy(nil, &exchange)
  }

  private func put(_ piece: ArraySlice<UInt8>, _ exchange: inout Exchange) throws(PostgresError) {
    while true {
      let outcome = piece.withUnsafeBytes { bytes in
        PQputCopyData(connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
      }
      guard outcome >= 0 else { throw broken() }
      try flush(&exchange)
      if outcome == 1 { return }
    }
  }

  /// - Parameter reason: makes the server fail the whole COPY with it.
  private func endCopy(_ reason: String?, _ exchange: inout Exchange) throws(PostgresError) {
    while true {
      let outcome = PQputCopyEnd(connection, reason)
      guard outcome >= 0 else { throw broken() }
      try flush(&exchange)
      if outcome == 1 { return }
    }
  }
}
