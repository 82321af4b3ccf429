/// A transaction that has begun and has the connection to itself. Valid until the body that it was given to returns.
public struct PostgresTransaction: Sendable {
  let thread: ConnectionThread
  let id: UInt64

  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresParameter] = []) async throws(PostgresError) -> PostgresResult {
    try await thread.run(sql, parameters, role: .inside(id))
  }
}
