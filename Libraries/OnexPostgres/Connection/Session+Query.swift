import CPostgres

extension Session {
  func query(_ sql: String, _ parameters: [PostgresParameter]) -> Statement.Answer {
    exchange { exchange throws(PostgresError) in
      guard send(sql, parameters) else { return .failure(refused()) }
      try flush(&exchange)
      return try receive(&exchange)
    }
  }

  func script(_ sql: String) -> Statement.Answer {
    exchange { exchange throws(PostgresError) in
      guard PQsendQuery(connection, sql) == 1 else { return .failure(refused()) }
      try flush(&exchange)
      return try receive(&exchange)
    }
  }

  /// Puts the statement into libpq's buffer. Its rows are to come back in binary format.
  func send(_ sql: String, _ parameters: [PostgresParameter]) -> Bool {
    ParameterArrays.with(parameters) { count, types, values, lengths, formats in
      PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 1) == 1
    }
  }

  /// Collects every result of the statement: the first error, else the last result.
  func receive(_ exchange: inout Exchange) throws(PostgresError) -> Statement.Answer {
    var answer: Statement.Answer?
    while let received = try nextResult(&exchange) {
      let result = PostgresResult(received)
      switch PQresultStatus(received) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
        if case .failure = answer {} else { answer = .success([result]) }
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        throw PostgresError(.closed, "COPY cannot be run as a statement")
      default:
        if case .failure = answer {} else { answer = .failure(error(of: received, exchange)) }
      }
    }
    guard let answer else { throw broken() }
    guard PQstatus(connection) != CONNECTION_BAD else {
      // The server's last words ("terminating connection due to …") say more than that the connection is gone.
      guard case .failure(let error) = answer else { throw broken() }
      throw error
    }
    return answer
  }
}
