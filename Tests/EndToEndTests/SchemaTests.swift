import OnexCore
import ProcessTestSupport
import Testing

/// Services and the schema of their database.
@Suite(.timeLimit(.minutes(2))) struct SchemaTests {
  private let run = RandomIDSource().next().description

  @Test func aDatabaseOfAnotherVersionIsRefusedWithTheCommandThatFixesIt() async throws {
    let database = try await ScratchDatabase(run)
    let refused = try RunningService("runtime-main", run: run, settings: database.settings)
    #expect(try await refused.process.exitCode(within: .seconds(20)) == 78)
    #expect(refused.process.output.contains("onexctl migrate up"), "\(refused.process.output)")

    let before = try await database.onexctl("migrate", "verify")
    #expect(before.code == 65 && before.output.contains("pending"), "\(before.output)")
    let up = try await database.onexctl("migrate", "up")
    #expect(up.code == 0, "\(up.output)")
    #expect(try await database.onexctl("migrate", "verify").code == 0)
    let refusesToDelete = try await database.onexctl("migrate", "down")
    #expect(refusesToDelete.code == 64 && refusesToDelete.output.contains("--yes"))

    let accepted = try await RunningService("runtime-main", run: run, settings: database.settings).untilReady()
    #expect(try await accepted.stop() == 0, "\(accepted.process.output)")
    try await database.remove()
  }

  /// Both begin with an empty database at the same moment.
  @Test func servicesThatMayMigrateDoSoOnce() async throws {
    let database = try await ScratchDatabase(run)
    var settings = database.settings
    settings["ONEX_AUTO_MIGRATE"] = "true"
    settings["ONEX_MIGRATIONS_DIR"] = TestEnvironment.repository + "/migrations"
    let services = [
      try RunningService("runtime-main", run: run, settings: settings),
      try RunningService("runtime-effects", run: run, settings: settings),
    ]
    for service in services { try await service.untilReady() }
    let verified = try await database.onexctl("migrate", "verify")
    #expect(verified.code == 0, "\(verified.output)")
    for service in services { #expect(try await service.stop() == 0, "\(service.process.output)") }
    try await database.remove()
  }

  @Test func migrationsThatAreNotThereAreNamed() async throws {
    let database = try await ScratchDatabase(run)
    var settings = database.settings
    settings["ONEX_AUTO_MIGRATE"] = "true"
    settings["ONEX_MIGRATIONS_DIR"] = "/nowhere"
    let service = try RunningService("runtime-main", run: run, settings: settings)
    #expect(try await service.process.exitCode(within: .seconds(20)) == 78)
    #expect(service.process.output.contains("/nowhere"), "\(service.process.output)")
    try await database.remove()
  }
}
