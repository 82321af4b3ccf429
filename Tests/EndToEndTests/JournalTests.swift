import Glibc
import OnexCore
import OnexJSON
import OnexPostgres
import ProcessTestSupport
import Testing

/// Workflows, deadlines and the journal with the built executables, a real broker and a real database.
@Suite(.serialized, .timeLimit(.minutes(5))) struct JournalTests {
  private let run = RandomIDSource().next().description
  private let contracts = TestEnvironment.repository + "/Tests/EndToEndTests/Contracts"

  private var operators: [String: String] {
    get throws {
      [
        "KAFKA_BOOTSTRAP_SERVERS": try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS"),
        "OMNIBASE_INFRA_DB_URL": try TestEnvironment.value("OMNIBASE_INFRA_DB_URL"), "ONEX_CONTRACTS_DIR": contracts,
      ]
    }
  }

  /// A file inside the folder that the contract of filesystem.* allows.
  private func payload(_ number: Int) -> String {
    #"{"n":\#(number),"path":"\#(TestEnvironment.dataFolder)/\#(run)"}"#
  }

  private func start(_ name: String, instance: String? = nil) throws -> RunningService {
    var settings = ["ONEX_CONTRACTS_DIR": contracts]
    // The development broker waits for ever for a killed member that comes back under another name.
    settings["ONEX_GROUP_INSTANCE_ID"] = instance
    return try RunningService(name, run: run, settings: settings)
  }

  private func database() async throws -> PostgresConnection {
    try await PostgresConnection.connect(
      PostgresConfiguration(.connectionString(try TestEnvironment.value("OMNIBASE_INFRA_DB_URL"))))
  }

  /// Every service is killed while each of the three steps is under way: the run ends, each step once.
  @Test func aWorkflowSurvivesTheDeathOfEveryServiceAtEveryStep() async throws {
    try await RuntimeTopics.make()
    let names = ["runtime-main", "runtime-effects", "runtime-worker"]
    var services = try names.map { try start($0, instance: "\($0)-\(run)") }
    for service in services { try await service.untilReady() }
    let client = try Client()
    let id = client.newID()
    let reader = try await client.reader("responses")
    try await client.publish(client.text("slow_trip.book", payload(7), id), to: "requests", key: Bytes(id.description))
    let connection = try await database()
    for step in ["first", "second", "third"] {
      _ = try await TestEnvironment.eventually("\(step) begins", within: .seconds(60)) {
        let found = try await connection.query(
          """
          SELECT count(*) AS n FROM runtime.journal
          WHERE correlation_id = $1 AND type = 'step.started' AND payload->>'step' = $2
          """, [.uuid(id.uuid), .text(step)])
        return try found[0].value("n", as: Int64.self) > 0 ? true : nil
      }
      for service in services { service.process.signal(SIGKILL) }
      for service in services { _ = try await service.process.exitCode(within: .seconds(10)) }
      services = try names.map { try start($0, instance: "\($0)-\(run)") }
      for service in services { try await service.untilReady() }
    }
    let answer = try await client.answer(to: id, reader, within: .seconds(60))
    #expect(answer["payload"] == ["n": 7], "\(answer)")
    let steps = try await connection.query(
      "SELECT payload->>'step' AS step FROM runtime.journal WHERE correlation_id = $1 AND type = 'step.succeeded' ORDER BY sequence",
      [.uuid(id.uuid)])
    #expect(try steps.rows.map { try $0.value("step", as: String.self) } == ["first", "second", "third"])
    await connection.close()

    let shown = try await Process.run("onexctl", ["runs", "show", id.description, "--json"], environment: operators)
    #expect(shown.code == 0, "\(shown.output)")
    let tree = try JSONValue.parse(Bytes(shown.output))
    #expect(tree["status"] == "succeeded" && tree["steps"]?.array?.count == 3)
    #expect(tree["steps"]?.array?.allSatisfy { $0["state"] == "succeeded" } == true, "\(shown.output)")
    let text = try await Process.run("onexctl", ["runs", "show", id.description], environment: operators)
    #expect(text.code == 0 && text.output.contains("└─ third") && text.output.contains("after second"), "\(text.output)")
    let list = try await Process.run("onexctl", ["runs", "list", "--status", "succeeded"], environment: operators)
    #expect(list.code == 0 && list.output.contains("slow_trip.book"), "\(list.output)")
    for service in services { _ = try await service.stop() }
  }

  @Test func aDeadlineIsAnsweredThoughNobodyIsAlive() async throws {
    try await RuntimeTopics.make()
    let main = try await start("runtime-main").untilReady()
    let client = try Client()
    let id = client.newID()
    let reader = try await client.reader("responses")
    let deadline = (SystemClock().now() + .seconds(2)).rfc3339
    let text = #"{"operation":"compute.echo","payload":{},"correlation_id":"\#(id)","deadline":"\#(deadline)"}"#
    try await client.publish(Bytes(text), to: "requests", key: Bytes(id.description))
    let answer = try await client.answer(to: id, reader, within: .seconds(30))
    #expect(answer["error"]?["code"] == "DEADLINE_EXCEEDED", "\(answer)")
    // The worker that comes too late answers too; nobody hears it twice.
    let worker = try await start("runtime-worker").untilReady()
    let later = try await client.ask("compute.echo")
    #expect(later["success"] == true)
    let all = try await client.everything(in: "responses").filter { $0.value?.text.contains(id.description) == true }
    #expect(all.count == 1)
    for service in [main, worker] { #expect(try await service.stop() == 0) }
  }

  /// The journal is read also where the database comes later than the service.
  @Test func aDatabaseThatIsAbsentAtTheStartIsReplayedWhenItComes() async throws {
    try await RuntimeTopics.make()
    let database = try await PrivatePostgres()
    let settings = ["OMNIBASE_INFRA_DB_URL": database.url]
    let migrated = try await Process.run("onexctl", ["migrate", "up"], environment: settings)
    #expect(migrated.code == 0, "\(migrated.output)")
    try await database.stop("fast")
    let main = try RunningService("runtime-main", run: "late-\(RandomIDSource().next())", settings: settings)
    _ = try await TestEnvironment.eventually("the database is missed") {
      try await main.get("/ready").flatMap { $0.status == 503 ? true : nil }
    }
    #expect(!main.process.output.contains("READY"))
    try await database.start()
    try await main.untilReady()
    #expect(main.process.output.contains("\"READY\""), "\(main.process.output)")
    #expect(try await main.stop() == 0)
    await database.remove()
  }

  @Test func bootstrapChecksEverythingAndNamesTheStepThatFails() async throws {
    try await RuntimeTopics.make()
    let good = try await Process.run("runtime-main", ["--bootstrap"], environment: operators)
    #expect(good.code == 0 && good.output.contains("READY") && good.output.contains("digest"), "\(good.output)")
    let again = try await Process.run("onexctl", ["replay", "--verify", "--json"], environment: operators)
    #expect([0, 65].contains(again.code), "\(again.output)")
    // A job beside the service that it checks: the service has the port.
    let service = try RunningService("runtime-worker")
    _ = try await TestEnvironment.eventually("the port is taken") { try await service.get("/health") }
    let environment = try operators.merging(["ONEX_HEALTH_PORT": String(service.port), "ONEX_LIFECYCLE": "bootstrap"]) { $1 }
    let job = try await Process.run("runtime-main", environment: environment)
    #expect(job.code == 0, "\(job.output)")
    #expect(try await service.stop() == 0)
    let broken = [
      ("contracts", "ONEX_CONTRACTS_DIR", "/nonexistent", 78),
      ("database", "OMNIBASE_INFRA_DB_URL", "postgresql://x:y@127.0.0.1:1/z", 69),
      ("event bus", "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1", 69),
    ]
    for (step, variable, value, code) in broken {
      var environment = try operators
      environment[variable] = value
      let result = try await Process.run("runtime-main", ["--bootstrap"], environment: environment)
      #expect(
        result.code == Int32(code) && result.output.contains("step \\\"\(step)\\\""), "\(step): \(result.code) \(result.output)")
    }
  }

  /// A state that somebody has changed by hand is found, by the tool and by the service; a read model is repaired.
  @Test func driftIsFoundAndReadModelsAreRepaired() async throws {
    try await RuntimeTopics.make()
    let services = try ["runtime-main", "runtime-effects", "runtime-worker"].map { try start($0) }
    for service in services { try await service.untilReady() }
    let client = try Client()
    let answer = try await client.ask("slow_trip.book", payload(1), within: .seconds(60))
    #expect(answer["success"] == true, "\(answer)")
    let correlation = try #require(answer["correlation_id"]?.string)
    for service in services { #expect(try await service.stop() == 0) }
    let connection = try await database()
    let row = try await connection.query(
      "SELECT handler || '/' || key AS stream, key FROM runtime.streams WHERE correlation_id::text = $1", [.text(correlation)])
    let stream = try row[0].value("stream", as: String.self)
    func verify() async throws -> (code: Int32, output: String) {
      try await Process.run("onexctl", ["replay", "--verify", "--stream", stream, "--json"], environment: operators)
    }
    let clean = try await verify()
    #expect(clean.code == 0, "\(clean.output)")
    let digest = try JSONValue.parse(Bytes(clean.output))["digest"]
    #expect(try JSONValue.parse(Bytes(try await verify().output))["digest"] == digest, "the same on every run")

    let key = try row[0].value("key", as: String.self)
    try await connection.query("UPDATE runtime.projections SET value = '{}' WHERE key = $1", [.text(key)])
    let dry = try await Process.run("onexctl", ["projections", "rebuild", "--dry-run"], environment: operators)
    #expect(dry.code == 1 && dry.output.contains(key), "\(dry.output)")
    let rebuilt = try await Process.run("onexctl", ["projections", "rebuild"], environment: operators)
    #expect(rebuilt.code == 0, "\(rebuilt.output)")
    let after = try await Process.run("onexctl", ["projections", "rebuild", "--dry-run"], environment: operators)
    #expect(after.code == 0, "\(after.output)")

    try await connection.query(
      "UPDATE runtime.streams SET state = replace(state::text, 'succeeded', 'failed')::json WHERE key = $1", [.text(key)])
    let drifted = try await verify()
    #expect(drifted.code == 1 && drifted.output.contains("another state"), "\(drifted.output)")
    let refused = try await Process.run("runtime-main", ["--bootstrap"], environment: operators)
    #expect(refused.code == 70 && refused.output.contains(stream), "\(refused.output)")
    try await connection.query("DELETE FROM runtime.streams WHERE key = $1", [.text(key)])
    await connection.close()
  }
}
