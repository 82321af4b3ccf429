/// One request to the connection's thread, with the task that waits for its answer.
struct Statement: Sendable {
  typealias Answer = Result<PostgresResult, PostgresError>

  let sql: String
  let parameters: [PostgresParameter]
  /// Several statements in one text, without parameters.
  let isScript: Bool
  let continuation: CheckedContinuation<Answer, Never>
}
