import CPostgres

/// The names under which the server holds this session's statements.
struct PreparedStatements {
  private var names: [String: String] = [:]
  private var count = 0

  subscript(sql: String) -> String? { names[sql] }

  /// A name that this session has never used.
  mutating func nextName() -> String {
    count += 1
    return "onex_\(count)"
  }

  mutating func add(_ name: String, for sql: String) { names[sql] = name }

  mutating func remove(_ sql: String) { names[sql] = nil }
}

extension Session {
  /// The server holds no such statement any more (`DEALLOCATE`, `DISCARD`), or one that was made for other result columns: it refuses
  /// before it does anything.
  private static let staleStates: Set<String> = ["26000", "0A000"]

  /// Runs a statement that the server parses when it comes for the first time.
  func prepared(_ sql: String, _ parameters: [PostgresParameter]) -> Statement.Answer {
    let known = preparedStatements[sql]
    let answer = runPrepared(sql, parameters)
    guard let known, case .failure(let error) = answer, Session.staleStates.contains(error.sqlState ?? ""), !isInTransaction
    else { return answer }
    // A statement that is refused for its own reasons would otherwise leave one more behind each time. It may be gone: that is no error.
    _ = script("DEALLOCATE \(known)")
    preparedStatements.remove(sql)
    return runPrepared(sql, parameters)
  }

  private func runPrepared(_ sql: String, _ parameters: [PostgresParameter]) -> Statement.Answer {
    exchange { exchange throws(PostgresError) in
      let name: String
      if let known = preparedStatements[sql] {
        name = known
      } else {
        name = preparedStatements.nextName()
        guard sendPreparation(name, sql, parameters) else { return .failure(refused()) }
        try flush(&exchange)
        let answer = try receive(&exchange)
        guard case .success = answer else { return answer }
        preparedStatements.add(name, for: sql)
      }
      guard sendExecution(name, parameters) else { return .failure(refused()) }
      try flush(&exchange)
      return try receive(&exchange)
    }
  }

  private func sendPreparation(_ name: String, _ sql: String, _ parameters: [PostgresParameter]) -> Bool {
    let types = parameters.map { Oid($0.oid) }
    return PQsendPrepare(connection, name, sql, Int32(types.count), types) == 1
  }

  private func sendExecution(_ name: String, _ parameters: [PostgresParameter]) -> Bool {
    ParameterArrays.with(parameters) { count, _, values, lengths, formats in
      PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1
    }
  }
}
