import Glibc
import OnexCore
import OnexJSON
import OnexPostgres
import ProcessTestSupport
import Testing

/// A restore with requests on both sides of the dump: real processes, a broker of its own, `pg_dump` and `pg_restore`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RestoreTests {
  private let run = RandomIDSource().next().description
  private let contracts = TestEnvironment.repository + "/Tests/EndToEndTests/Contracts"

  private func settings(_ broker: PrivateBroker, _ database: ScratchDatabase) -> [String: String] {
    [
      "KAFKA_BOOTSTRAP_SERVERS": broker.address, "OMNIBASE_INFRA_DB_URL": database.url, "ONEX_CONTRACTS_DIR": contracts,
      "KAFKA_PARTITION_ASSIGNMENT_STRATEGY": "range",
    ]
  }

  private func request(_ operation: String, _ client: Client, _ name: String, deadline: Timestamp?) -> (CorrelationID, Bytes) {
    let id = client.newID()
    let path = "\(TestEnvironment.dataFolder)/restore-\(run)-\(name)"
    let payload =
      operation == "filesystem.write" ? #"{"path":"\#(path)","content":"\#(name)"}"# : #"{"n":1,"path":"\#(path)"}"#
    let limit = deadline.map { #","deadline":"\#($0.rfc3339)""# } ?? ""
    let text = """
      {"operation":"\(operation)","envelope_id":"\(id)","correlation_id":"\(id)"\(limit),\
      "payload":\(payload)}
      """
    return (id, Bytes(text))
  }

  /// Every answer by correlation id.
  private func answers(_ client: Client) async throws -> [String: [JSONValue]] {
    var found: [String: [JSONValue]] = [:]
    for record in try await client.everything(in: "responses") {
      guard let value = record.value else { continue }
      let response = try JSONValue.parse(value)
      found[response["correlation_id"]?.string ?? "", default: []].append(response)
    }
    return found
  }

  private func untilAnswered(_ client: Client, _ ids: [CorrelationID]) async throws {
    _ = try await TestEnvironment.eventually("\(ids) are answered", within: .seconds(60)) {
      let found = try await answers(client)
      return ids.allSatisfy { found[$0.description] != nil } ? true : nil
    }
  }

  private func count(_ sql: String, _ database: ScratchDatabase) async throws -> Int64 {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(database.url)))
    let rows = try await connection.query(sql)
    await connection.close()
    return try rows[0].value("n", as: Int64.self)
  }

  @Test func whatWasAnsweredAfterTheDumpIsNotContradicted() async throws {
    let broker = try await PrivateBroker()
    try await RuntimeTopics.make(broker.address)
    let before = try await ScratchDatabase("\(run)_a")
    #expect(try await before.onexctl("migrate", "up").code == 0)
    let client = try Client(broker.address)
    func start(_ name: String, _ database: ScratchDatabase) throws -> RunningService {
      var own = settings(broker, database)
      own["ONEX_GROUP_INSTANCE_ID"] = "\(name)-\(run)"
      return try RunningService(name, run: run, settings: own)
    }
    let main = try await start("runtime-main", before).untilReady()
    let worker = try await start("runtime-worker", before).untilReady()
    let later = SystemClock().now() + .seconds(600)

    // On its way at the dump, answered after it.
    let (early, earlyText) = request("filesystem.write", client, "early", deadline: later)
    let (trip, tripText) = request("slow_trip.book", client, "trip", deadline: nil)
    try await client.publish(earlyText, to: "requests", key: "early")
    try await client.publish(tripText, to: "requests", key: "trip")
    _ = try await TestEnvironment.eventually("both are under way") {
      let timers = try await count("SELECT count(*) AS n FROM runtime.timers WHERE handler = ''", before)
      let runs = try await count("SELECT count(*) AS n FROM runtime.streams WHERE closed_at IS NULL", before)
      return timers == 1 && runs == 1 ? true : nil
    }
    let dump = "\(TestEnvironment.scratch)/restore-\(run).dump"
    let dumped = try await Process.run("/usr/bin/env", ["pg_dump", "--format=custom", "--file=\(dump)", before.url])
    #expect(dumped.code == 0, "\(dumped.output)")
    let effects = try await start("runtime-effects", before).untilReady()
    try await untilAnswered(client, [early, trip])
    #expect(try await effects.stop() == 0)

    // On their way after the dump, not answered.
    let (late, lateText) = request("filesystem.write", client, "late", deadline: later)
    let (lost, lostText) = request("slow_trip.book", client, "lost", deadline: nil)
    try await client.publish(lateText, to: "requests", key: "late")
    try await client.publish(lostText, to: "requests", key: "lost")
    _ = try await TestEnvironment.eventually("both are under way") {
      let timers = try await count("SELECT count(*) AS n FROM runtime.timers WHERE handler = ''", before)
      let runs = try await count("SELECT count(*) AS n FROM runtime.streams WHERE closed_at IS NULL", before)
      return timers == 1 && runs == 1 ? true : nil
    }
    #expect(try await main.stop() == 0)

    let after = try await ScratchDatabase("\(run)_b")
    let restored = try await Process.run(
      "/usr/bin/env",
      ["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname=\(after.url)", dump])
    #expect(restored.code == 0, "\(restored.output)")

    // A copy is noticed also without `begin`: no timer fires and nothing is decided.
    let second = try start("runtime-main", after)
    _ = try await TestEnvironment.eventually("it stands by: \(second.process.output.suffix(500))") {
      guard let ready = try await second.get("/ready"), ready.status == 503 else { return Bool?.none }
      return ready.body.encoded().text.contains("RESTORING") ? true : nil
    }
    func onexctl(_ arguments: String...) async throws -> (code: Int32, output: String) {
      let result = try await Process.run("onexctl", arguments, environment: settings(broker, after))
      return (result.code, result.output)
    }
    #expect(try await onexctl("restore", "finish").code == 65, "nothing is finished that was not begun")
    #expect(try await onexctl("restore", "begin").code == 0)
    let dry = try await onexctl("restore", "finish", "--dry-run", "--json")
    let report = try await onexctl("restore", "finish", "--resend", "--json")
    #expect(report.code == 0, "\(report.output)")
    for (text, sent) in [(dry.output, 0), (report.output, 1)] {
      let found = try JSONValue.parse(Bytes(text))
      #expect(found["deadlines_answered"] == 1 && found["deadlines_set_again"] == 1, "\(text)")
      #expect(found["runs_closed"]?.array?.count == 1 && found["runs_unknown"] == [], "\(text)")
      #expect(found["requests_lost"]?.array?.first?["correlation_id"]?.string == lost.description, "\(text)")
      #expect(found["requests_sent_again"]?.integer == Int64(sent), "\(text)")
    }
    try await second.untilReady()
    // The first life of this run has left a request behind: its answer counts once the run waits for it again.
    let waiting = """
      SELECT count(*) AS n FROM runtime.journal
      WHERE correlation_id = '\(lost)' AND type = 'step.started' AND payload->>'step' = 'second'
      """
    _ = try await TestEnvironment.eventually("the run that was sent again waits for its second step", within: .seconds(60)) {
      try await count(waiting, after) == 1 ? true : nil
    }
    let third = try await start("runtime-effects", after).untilReady()
    try await untilAnswered(client, [late, lost])

    let all = try await answers(client)
    #expect(Set(all.keys) == Set([early, trip, late, lost].map(\.description)))
    for (name, id) in [("early", early), ("trip", trip), ("late", late), ("lost", lost)] {
      let own = all[id.description] ?? []
      #expect(Set(own.map { $0["success"] == true }) == [true], "\(name) was answered \(own.map { $0.encoded().text })")
    }
    #expect(try await count("SELECT count(*) AS n FROM runtime.timers", after) == 0, "nothing is left that could fire")
    let events = "SELECT count(*) AS n FROM runtime.journal WHERE correlation_id = '\(trip)'"
    #expect(try await count(events + " AND type = 'onex.reconciled'", after) == 1)
    #expect(try await count(events + " AND type LIKE 'compensation.%'", after) == 0, "nothing is taken back")
    let replay = try await onexctl("replay", "--verify")
    #expect(replay.code == 0, "\(replay.output)")
    for service in [second, third, worker] { _ = try await service.stop() }
    try await before.remove()
    try await after.remove()
    await broker.remove()
  }

  /// Two stacks on one database by mistake, and a deployment that has moved.
  @Test func aServiceOfAnotherDeploymentEndsWith78() async throws {
    let database = try await ScratchDatabase("\(run)_c")
    #expect(try await database.onexctl("migrate", "up").code == 0)
    func start(_ name: String, _ deployment: String) throws -> RunningService {
      try RunningService(
        name, run: run, settings: ["OMNIBASE_INFRA_DB_URL": database.url, "ONEX_DEPLOYMENT_ID": deployment])
    }
    try await RuntimeTopics.make()
    let first = try await start("runtime-effects", "blue").untilReady()
    for name in ["runtime-main", "runtime-effects", "agent-actions-consumer"] {
      let stranger = try start(name, "green")
      #expect(try await stranger.process.exitCode(within: .seconds(60)) == 78)
      #expect(stranger.process.output.contains("onexctl deployment adopt"), "\(stranger.process.output)")
    }
    #expect(try await first.stop() == 0)
    let settings = [
      "KAFKA_BOOTSTRAP_SERVERS": try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS"), "OMNIBASE_INFRA_DB_URL": database.url,
      "ONEX_DEPLOYMENT_ID": "green",
    ]
    #expect(try await Process.run("onexctl", ["deployment", "adopt"], environment: settings).code == 64, "it asks for --yes")
    #expect(try await Process.run("onexctl", ["deployment", "adopt", "--yes"], environment: settings).code == 0)
    let second = try await start("runtime-effects", "green").untilReady()
    #expect(try await second.stop() == 0)

    // As if the brokers had lost their data, or were others.
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(database.url)))
    try await connection.query("UPDATE runtime.deployment SET cluster_id = 'another'")
    await connection.close()
    let lost = try start("runtime-effects", "green")
    #expect(try await lost.process.exitCode(within: .seconds(60)) == 78)
    #expect(lost.process.output.contains("another"), "\(lost.process.output)")
    try await database.remove()
  }
}
