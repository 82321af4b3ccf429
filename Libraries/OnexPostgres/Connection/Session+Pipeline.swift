import CPostgres

extension Session {
  /// Sends every statement before it waits for the first answer, with one sync at the end, which makes them one transaction
  /// (PostgreSQL documentation, section 34.5).
  func pipeline(_ statements: [PipelineStatement]) -> Statement.Answer {
    // Inside a transaction the sync commits nothing.
    let commits = !isInTransaction
    return exchange { exchange throws(PostgresError) in
      guard PQenterPipelineMode(connection) == 1 else { throw broken() }
      for statement in statements {
        // What was sent before it has no end: the connection goes with it.
        guard send(statement.sql, statement.parameters) else { throw refused() }
        // Keeps libpq's buffer to one statement, and takes in answers that the server must get rid of before it reads on.
        try flush(&exchange)
      }
      var answers = PipelineAnswers(count: statements.count)
      do throws(PostgresError) {
        guard PQpipelineSync(connection) == 1 else { throw broken() }
        try flush(&exchange)
        while try !takeResult(&answers, &exchange) {}
      } catch {
        throw answers.verdict(onLost: error, commits: commits)
      }
      guard PQexitPipelineMode(connection) == 1 else { throw broken() }
      if let failure = answers.failure { return .failure(failure) }
      return .success(answers.results)
    }
  }

  /// - Returns: whether it was the sync, after which nothing comes.
  private func takeResult(_ answers: inout PipelineAnswers, _ exchange: inout Exchange) throws(PostgresError) -> Bool {
    guard let received = try nextResult(&exchange) else {
      // A connection that broke gives ends without end.
      guard answers.endStatement(), PQstatus(connection) != CONNECTION_BAD else { throw broken() }
      // The server grants every statement its own time.
      if !exchange.isCancelled { exchange.deadline = statementDeadline }
      return false
    }
    let result = PostgresResult(received)
    switch PQresultStatus(received) {
    case PGRES_PIPELINE_SYNC: return true
    case PGRES_PIPELINE_ABORTED: break
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: answers.results.append(result)
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      throw PostgresError(.closed, "COPY cannot be run in a pipeline")
    default:
      let failure = error(of: received, exchange)
      // libpq made it up: the server said nothing about this statement.
      if failure.code == .connectionLost { throw failure }
      answers.fail(failure)
    }
    return false
  }
}

/// What the server has said so far about the statements of a pipeline.
private struct PipelineAnswers {
  /// Statements of the pipeline.
  let count: Int
  var results: [PostgresResult] = []
  private(set) var failure: PostgresError?
  /// Statements whose answers are complete.
  private var ended = 0

  init(count: Int) { self.count = count }

  /// - Returns: false when there was no statement left to end. An error of the commit has an end as well.
  mutating func endStatement() -> Bool {
    ended += 1
    return ended <= count + 1
  }

  mutating func fail(_ error: PostgresError) {
    guard failure == nil else { return }
    // An error after the last statement is one of the commit.
    failure = PostgresError(
      error.code, error.message, sqlState: error.sqlState, subject: error.subject, statementIndex: ended < count ? ended : nil)
  }

  /// The connection is over. The server's last words say more than that, and tell which statement they were about; without an
  /// error of a statement, the commit may have been done.
  func verdict(onLost error: PostgresError, commits: Bool) -> PostgresError {
    guard error.code == .connectionLost || error.code == .timedOut else { return error }
    return PostgresError(
      error.code, failure?.message ?? error.message, sqlState: failure?.sqlState ?? error.sqlState,
      isCommitUnknown: commits && failure?.statementIndex == nil, statementIndex: failure?.statementIndex)
  }
}
