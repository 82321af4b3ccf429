import OnexCore
import OnexPostgres
import Testing

/// Passwords with every character that means something to a URL, a shell, a keyword string or SQL.
@Suite(.timeLimit(.minutes(1))) struct PostgresPasswordTests {
  private static let password = "p'w\"@:/?#[]%& =\\;$`{}*ž🐎"

  private func withRole(_ body: (String, PostgresConfiguration.Target) async throws -> Void) async throws {
    let admin = try await TestDatabase.connect()
    let place = try await admin.query(
      "SELECT host(inet_server_addr()) AS host, inet_server_port() AS port, current_database()::text AS database")
    let role = "onex_password_test_\(RandomIDSource().next().high)"
    // A literal with an escape string prefix: role commands take no parameters.
    let literal = PostgresPasswordTests.password.replacing("\\", with: "\\\\").replacing("'", with: "''")
    try await admin.script("CREATE ROLE \(role) LOGIN PASSWORD E'\(literal)'")
    let target = PostgresConfiguration.Target.parts(
      host: try place[0].value("host"), port: try place[0].value("port"), user: role, password: PostgresPasswordTests.password,
      database: try place[0].value("database"))
    do {
      try await body(role, target)
    } catch {
      try await admin.script("DROP ROLE \(role)")
      throw error
    }
    try await admin.script("DROP ROLE \(role)")
  }

  @Test func aPasswordOfAnyCharactersWorksAsAPart() async throws {
    try await withRole { role, target in
      let connection = try await PostgresConnection.connect(PostgresConfiguration(target))
      #expect(try await connection.query("SELECT current_user::text AS me")[0].value("me", as: String.self) == role)
      await connection.close()
    }
  }

  @Test func aWrongPasswordIsRefusedWithoutShowingIt() async throws {
    try await withRole { role, target in
      guard case .parts(let host, let port, _, _, let database) = target else { return }
      let wrong = PostgresConfiguration.Target.parts(
        host: host, port: port, user: role, password: "not-\(PostgresPasswordTests.password)", database: database)
      let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(PostgresConfiguration(wrong)) }
      #expect(error?.code == .authentication)
      #expect(error?.description.contains(PostgresPasswordTests.password) == false)
    }
  }
}
