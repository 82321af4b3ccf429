import OnexCore
import OnexPostgres
import OnexService

/// Refuses a service of another stack, or on another broker, than the one that the database belongs to: two stacks on one database answer
/// each other's requests, and an offset of a new broker means another record than the same offset of the one before.
public enum DeploymentCheck {
  public static let deploymentID = Setting.optionalText(
    "ONEX_DEPLOYMENT_ID", allowed: "letters, digits, '.', '_' and '-', 1 to 64 characters",
    help: "The stack that this process belongs to; absent: ONEX_ENVIRONMENT. A database is used by one only.",
    check: { (1...64).contains($0.utf8.count) && $0.utf8.allSatisfy(isNameCharacter) })

  private static func isNameCharacter(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || [45, 46, 95].contains(byte)
  }

  public static func deploymentID(_ configuration: Configuration) -> String {
    configuration[deploymentID] ?? configuration[CommonSettings.environment]
  }

  /// The difference between a service and what is recorded, with what to do; `nil` when there is none. A cluster without an id is not
  /// compared.
  public static func mismatch(_ own: RecordedDeployment, recorded: RecordedDeployment) -> String? {
    if own.id != recorded.id {
      return """
        the database belongs to the deployment "\(recorded.id)" and this service to "\(own.id)": give it the database of its own \
        deployment, or set ONEX_DEPLOYMENT_ID=\(recorded.id) when it belongs there; when the deployment was renamed, stop every service \
        and run `onexctl deployment adopt`
        """
    }
    guard let cluster = own.clusterID, let known = recorded.clusterID, cluster != known else { return nil }
    return """
      the database belongs to the Kafka cluster "\(known)" and the brokers of this service are the cluster "\(cluster)": set \
      KAFKA_BOOTSTRAP_SERVERS to the right one; when the deployment has moved to a new cluster, or the cluster has lost its data, stop \
      every service and run `onexctl deployment adopt`
      """
  }

  /// Compares once, for a service that can begin without. What cannot be reached is not waited for.
  ///
  /// - Throws: `ServiceFailure` with exit code 78.
  public static func atStart(
    _ database: PostgresConfiguration, _ context: ServiceContext, clusterID: () async throws -> String?
  ) async throws {
    context.health.starting("check the deployment")
    var cluster: String?
    do {
      cluster = try await clusterID()
    } catch {
      context.logger.warning("the cluster's id cannot be read yet", ["error": .string("\(error)")])
    }
    let own = RecordedDeployment(id: deploymentID(context.configuration), clusterID: cluster)
    let recorded: RecordedDeployment
    do {
      let connection = try await PostgresConnection.connect(database, logger: context.logger)
      recorded = try await own.register(connection)
      await connection.close()
    } catch let error {
      context.logger.warning("the deployment cannot be checked yet", ["error": .string("\(error)")])
      return
    }
    if let mismatch = mismatch(own, recorded: recorded) { throw ServiceFailure.configuration(mismatch) }
  }
}
