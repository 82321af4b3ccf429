import Glibc
import OnexCore
import OnexJSON
import OnexPostgres
import ProcessTestSupport
import Testing

/// What an operator does to processes, with the real broker and the real database.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DurabilityTests {
  private let run = RandomIDSource().next().description

  /// A member that has its partitions back at once after a kill. (The development broker never gives up a killed leader.)
  private func start(_ name: String) throws -> RunningService {
    try RunningService(name, run: run, settings: ["ONEX_GROUP_INSTANCE_ID": name])
  }

  private func database() async throws -> PostgresConnection {
    try await PostgresConnection.connect(
      PostgresConfiguration(.connectionString(try TestEnvironment.value("OMNIBASE_INFRA_DB_URL"))))
  }

  @Test func aRepeatAfterAKillGetsTheRecordedResponseAndAnotherPayloadAConflict() async throws {
    try await RuntimeTopics.make()
    let main = try await RunningService("runtime-main", run: run).untilReady()
    let first = try await start("runtime-effects").untilReady()
    let client = try Client()
    let path = "\(TestEnvironment.dataFolder)/durable-\(run).txt"
    func ask(_ content: String) async throws -> JSONValue {
      let id = client.newID()
      let reader = try await client.reader("responses")
      let text = """
        {"operation":"filesystem.write","payload":{"path":"\(path)","content":"\(content)"},"correlation_id":"\(id)",\
        "idempotency_key":"write-\(run)"}
        """
      try await client.publish(Bytes(text), to: "requests", key: "one")
      return try await client.answer(to: id, reader, within: .seconds(60))
    }
    let answer = try await ask("once")
    #expect(answer["success"] == true, "\(answer)")
    unlink(path)
    first.process.signal(SIGKILL)
    #expect(try await first.process.exitCode(within: .seconds(10)) == 128 + SIGKILL)

    let second = try start("runtime-effects")
    let again = try await ask("once")
    #expect(again["success"] == true && again["payload"] == answer["payload"], "\(again)")
    #expect(again["correlation_id"] != answer["correlation_id"])
    #expect(access(path, F_OK) != 0, "the file was not written a second time")
    let conflict = try await ask("something else")
    #expect(conflict["error"]?["code"] == "CONFLICT", "\(conflict)")
    for service in [main, second] { #expect(try await service.stop() == 0, "\(service.process.output)") }
  }

  /// Everything is killed in turn while requests come: each is answered, and every answer to one request is the same one.
  @Test func nothingIsLostAndNothingAnsweredTwiceWhileServicesAreKilled() async throws {
    try await RuntimeTopics.make()
    var services: [String: RunningService] = [:]
    let names = ["runtime-main", "runtime-effects", "runtime-worker"]
    for name in names { services[name] = try start(name) }
    for name in names { try await services[name]?.untilReady() }
    let client = try Client()
    let reader = try await client.reader("responses")
    var open: Set<String> = []
    var envelopes: [String: Set<String>] = [:]
    func collect(within limit: Duration, until isOver: () -> Bool) async throws {
      let end = ContinuousClock.now + limit
      while !isOver(), ContinuousClock.now < end {
        for case .records(let records) in await reader.poll(PollLimit(wait: .milliseconds(50))) {
          for record in records {
            guard let value = record.value, let key = record.key?.text, envelopes[key] != nil else { continue }
            let response = try JSONValue.parse(value)
            #expect(response["success"] == true, "\(response)")
            envelopes[key]?.insert(response["envelope_id"]?.string ?? "")
            open.remove(key)
          }
        }
      }
    }
    for round in 0..<12 {
      for number in 0..<50 {
        let id = client.newID()
        open.insert(id.description)
        envelopes[id.description] = []
        let request =
          number.isMultiple(of: 2)
          ? client.text("compute.echo", "{}", id)
          : client.text("filesystem.write", #"{"path":"\#(TestEnvironment.dataFolder)/killed-\#(number).txt","content":"x"}"#, id)
        try await client.publish(request, to: "requests", key: Bytes(id.description))
      }
      try await collect(within: .milliseconds(Int64(20 * (round + 1)))) { false }
      let victim = names[round % names.count]
      services[victim]?.process.signal(SIGKILL)
      _ = try await services[victim]?.process.exitCode(within: .seconds(10))
      services[victim] = try start(victim)
    }
    try await collect(within: .seconds(120)) { open.isEmpty }
    #expect(open.isEmpty, "\(open.count) requests were never answered")
    #expect(envelopes.values.allSatisfy { $0.count == 1 }, "every answer to a request has one identity")
    await reader.close()

    let connection = try await database()
    let doubled = try await connection.query(
      "SELECT count(*) AS n FROM (SELECT FROM runtime.inbox WHERE consumer LIKE $1 GROUP BY consumer, identity HAVING count(*) > 1) AS d",
      [.text("%\(run)")])
    #expect(try doubled[0].value("n", as: Int.self) == 0)
    await connection.close()
    for service in services.values { #expect(try await service.stop() == 0, "\(service.process.output)") }
  }

  /// A process that was stopped for longer than its session wakes up with records in its hands that are somebody else's by now.
  @Test func aZombieCommitsNothing() async throws {
    try await RuntimeTopics.make()
    let zombie = try await start("runtime-main").untilReady()
    let worker = try await RunningService("runtime-worker", run: run).untilReady()
    let client = try Client()
    let reader = try await client.reader("responses")
    var ids: [String] = []
    func send(_ count: Int) async throws {
      for _ in 0..<count {
        let id = client.newID()
        ids.append(id.description)
        try await client.publish(client.text("compute.echo", "{}", id), to: "requests", key: Bytes(id.description))
      }
    }
    try await send(200)
    zombie.process.signal(SIGSTOP)
    try await send(200)
    let owner = try await start("runtime-main").untilReady()
    try await send(100)
    zombie.process.signal(SIGCONT)
    try await send(100)
    var envelopes: [String: Set<String>] = [:]
    while envelopes.count < ids.count {
      for record in try await client.records(reader, until: { _ in true }) {
        guard let key = record.key?.text, ids.contains(key), let value = record.value else { continue }
        envelopes[key, default: []].insert(try JSONValue.parse(value)["envelope_id"]?.string ?? "")
      }
    }
    #expect(envelopes.values.allSatisfy { $0.count == 1 })
    // The group has given its name to the other process: it cannot go on.
    #expect(try await zombie.process.exitCode(within: .seconds(40)) == 70, "\(zombie.process.output)")
    for service in [owner, worker] { #expect(try await service.stop() == 0, "\(service.process.output)") }
  }
}
