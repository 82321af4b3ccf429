import OnexCore

/// What a heartbeat says of the database.
public struct DatabaseBeat: Sendable, Hashable {
  /// The database's clock.
  public let moment: Timestamp
  /// Maintenance deletes nothing while this is false: the clock has jumped within the last six hours.
  public let isClockSteady: Bool
  /// Why no service may work on the database; `nil` when services may.
  public let restoring: String?

  public init(moment: Timestamp, isClockSteady: Bool, restoring: String?) {
    self.moment = moment
    self.isClockSteady = isClockSteady
    self.restoring = restoring
  }
}

/// The stack that a database belongs to (migrations/forward/009_lifecycle.sql).
public struct RecordedDeployment: Sendable, Hashable {
  public let id: String
  /// `nil` while the brokers have reported none.
  public let clusterID: String?

  public init(id: String, clusterID: String?) {
    self.id = id
    self.clusterID = clusterID
  }
}

extension PostgresStore {
  /// Writes a heartbeat, which a database that is read only, full or a standby refuses, and reads the database's clock.
  ///
  /// - Parameter last: the moment of this process's last heartbeat, and the time since then by its monotonic clock.
  public func beat(after last: (moment: Timestamp, elapsed: Duration)?) async throws(StoreError) -> DatabaseBeat {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query(
        "SELECT moment, is_steady, restoring FROM runtime.beat($1, $2)",
        [.timestamp(last?.moment), .text(last.map { "\($0.elapsed.microseconds) microseconds" })])
      return DatabaseBeat(
        moment: try rows[0].value("moment"), isClockSteady: try rows[0].value("is_steady"),
        restoring: try rows[0].optional("restoring"))
    }
  }

  /// Records the deployment in a database that has none, and its cluster where that was not known.
  ///
  /// - Returns: what is recorded.
  public func register(_ deployment: RecordedDeployment) async throws(StoreError) -> RecordedDeployment {
    try await PostgresStore.answer { () throws(PostgresError) in
      try RecordedDeployment(try await lookups.query(RecordedDeployment.register, deployment.parameters)[0])
    }
  }
}

extension RecordedDeployment {
  fileprivate static let register = "SELECT deployment_id, cluster_id FROM runtime.register_deployment($1, $2)"

  fileprivate init(_ row: PostgresRow) throws(PostgresError) {
    self.init(id: try row.value("deployment_id"), clusterID: try row.optional("cluster_id"))
  }

  fileprivate var parameters: [PostgresParameter] { [.text(id), .text(clusterID)] }

  /// As `PostgresStore.register`, on a connection of the caller's.
  public func register(_ connection: PostgresConnection) async throws(PostgresError) -> RecordedDeployment {
    try RecordedDeployment(try await connection.query(RecordedDeployment.register, parameters)[0])
  }

  /// What is recorded; `nil` before the first service has come.
  public static func read(_ connection: PostgresConnection) async throws(PostgresError) -> RecordedDeployment? {
    let found = try await connection.query("SELECT deployment_id, cluster_id FROM runtime.deployment")
    return found.count == 0 ? nil : try RecordedDeployment(found[0])
  }

  /// Makes the database this deployment's, and this database the original where it was a copy.
  public func adopt(_ connection: PostgresConnection) async throws(PostgresError) {
    try await connection.query("SELECT runtime.adopt_deployment($1, $2)::text", parameters)
  }
}
