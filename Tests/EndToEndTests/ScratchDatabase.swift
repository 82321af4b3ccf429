import OnexPostgres
import ProcessTestSupport

/// An empty database on the test server, for what must not happen to the shared one.
struct ScratchDatabase {
  let url: String
  private let name: String
  private let connection: PostgresConnection

  init(_ run: String) async throws {
    let shared = try TestEnvironment.value("OMNIBASE_INFRA_DB_URL")
    connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(shared)))
    name = "scratch_\(run)".replacing("-", with: "_")
    try await connection.query("CREATE DATABASE \(name)")
    guard let slash = shared.lastIndex(of: "/") else { throw TestFailure("\(shared) names no database") }
    url = String(shared[...slash]) + name
  }

  var settings: [String: String] { ["OMNIBASE_INFRA_DB_URL": url] }

  func onexctl(_ arguments: String...) async throws -> (code: Int32, output: String) {
    let result = try await Process.run(
      "onexctl", arguments + ["--dir", TestEnvironment.repository + "/migrations"], environment: settings)
    return (result.code, result.output)
  }

  func remove() async throws {
    try await connection.query("DROP DATABASE \(name) WITH (FORCE)")
    await connection.close()
  }
}
