import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKafka
import OnexMigrations
import OnexPostgres

/// `onexctl deployment`
enum DeploymentCommand: ControlCommand {
  static let name = "deployment"
  static let summary = "Show or change the stack that the database belongs to: onexctl deployment show|adopt"
  static let grammar = ArgumentSet.Grammar(flags: ["--json", "--yes"], positionals: ["show|adopt"])
  static let details = """
    Services of another deployment (ONEX_DEPLOYMENT_ID, else ONEX_ENVIRONMENT) or on another Kafka cluster than the recorded one end
    with 78. adopt records this environment's, for a deployment that was renamed, has moved to another cluster, or whose cluster has
    lost its data; and it makes a copy of a database the original. Stop every service first; it needs --yes.
    Exit codes: 0 done, 69 database or broker unreachable.
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let action = arguments.positionals[0]
    guard ["show", "adopt"].contains(action) else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(action)\"; there are: show, adopt")
    }
    if action == "adopt", !arguments.has("--yes") {
      throw ControlFailure(exit: .usage, message: "adopt decides whose answers this database holds: say --yes when that is meant")
    }
    let connection = try await context.database()
    do {
      if action == "adopt" {
        let own = RecordedDeployment(id: context.deploymentID, clusterID: try await context.eventBus().clusterID())
        try await own.adopt(connection)
      }
      show(try await RecordedDeployment.read(connection), arguments, context.terminal)
    } catch let error as PostgresError {
      throw context.databaseUnavailable(error)
    } catch let error as EventBusError {
      throw context.unavailable(error)
    }
    await connection.close()
    return .success
  }

  private static func show(_ deployment: RecordedDeployment?, _ arguments: ArgumentSet, _ terminal: Terminal) {
    if arguments.has("--json") {
      return terminal.print(
        JSONValue.object(
          JSONObject([
            ("deployment_id", deployment.map { .string($0.id) } ?? .null),
            ("cluster_id", deployment?.clusterID.map { .string($0) } ?? .null),
          ])
        ).encoded().text)
    }
    guard let deployment else { return terminal.print("no service has used this database yet") }
    terminal.print("deployment  \(deployment.id)\ncluster     \(deployment.clusterID ?? "not known")")
  }
}
