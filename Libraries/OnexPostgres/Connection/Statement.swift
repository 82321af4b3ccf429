/// One request to the connection's thread, with the task that waits for its answer.
struct Statement: Sendable {
  /// A result for each statement that has one of its own.
  typealias Answer = Result<[PostgresResult], PostgresError>

  enum Work: Sendable {
    case query(String, [PostgresParameter])
    /// The same, parsed by the server once a session.
    case prepared(String, [PostgresParameter])
    /// Several statements in one text, without parameters. Answered by the last one's result.
    case script(String)
    case copy(String, CopyWriter)
    case pipeline([PipelineStatement])
  }

  let work: Work
  let continuation: CheckedContinuation<Answer, Never>
}
