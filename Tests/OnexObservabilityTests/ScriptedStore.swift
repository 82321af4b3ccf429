import OnexCore
import OnexPostgres
import Synchronization

@testable import OnexObservability

/// A table in memory that fails on command.
final class ScriptedStore: RowStore {
  private struct State {
    var rows: [RawUUID: Row] = [:]
    var inserts = 0
    var fault: (@Sendable (ArraySlice<Row>) -> PostgresError?)?
  }

  private let state = Mutex(State())

  var ids: Set<RawUUID> { state.withLock { Set($0.rows.keys) } }
  var inserts: Int { state.withLock { $0.inserts } }

  func fail(_ fault: (@Sendable (ArraySlice<Row>) -> PostgresError?)?) { state.withLock { $0.fault = fault } }

  func insert(_ rows: ArraySlice<Row>, into table: ObservabilityTable) async throws(PostgresError) -> Int {
    let answer: Result<Int, PostgresError> = state.withLock { state in
      state.inserts += 1
      if let error = state.fault?(rows) { return .failure(error) }
      let before = state.rows.count
      for row in rows {
        guard case .uuid(let id) = row.value("id") else { continue }
        if state.rows[id] == nil { state.rows[id] = row }
      }
      return .success(state.rows.count - before)
    }
    return try answer.get()
  }

  func check(_ table: ObservabilityTable) async throws(PostgresError) -> Timestamp {
    if let error = state.withLock({ $0.fault?([]) }) { throw error }
    return SystemClock().now()
  }

  func close() async {}
}
