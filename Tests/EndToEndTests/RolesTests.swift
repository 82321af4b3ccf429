import Glibc
import OnexCore
import OnexJSON
import ProcessTestSupport
import Testing

/// The built executables on a real broker. Serialised: they share the runtime's topics and groups.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RolesTests {
  private let run = RandomIDSource().next().description

  @Test func everyKindOfRequestIsAnsweredByItsRole() async throws {
    try await RuntimeTopics.make()
    let main = try RunningService("runtime-main", run: run)
    let effects = try RunningService("runtime-effects", run: run)
    let worker = try RunningService("runtime-worker", run: run)
    for service in [main, effects, worker] { try await service.untilReady() }
    let client = try Client()

    let echo = try await client.ask("compute.echo", #"{"n":1.50}"#)
    #expect(echo["success"] == true && echo["handler"] == "echo")
    #expect(echo["payload"]?.encoded() == #"{"n":1.50}"#)
    let mean = try await client.ask("aggregate.mean", #"{"values":[1,2,6]}"#)
    #expect(mean["payload"]?["value"]?.double == 3)
    let hash = try await client.ask("hash.sha256", #"{"text":"abc"}"#)
    #expect(hash["payload"]?["hex"]?.string?.hasPrefix("ba7816bf") == true)
    let http = try await client.ask("http.get", #"{"url":"http://127.0.0.1:\#(main.port)/health"}"#)
    #expect(http["payload"]?["status"]?.integer == 200, "\(http)")
    let refused = try await client.ask("http.get", #"{"url":"http://example.com/"}"#)
    #expect(refused["error"]?["code"] == "NOT_ALLOWED", "\(refused)")
    let escaped = try await client.ask("filesystem.read", #"{"path":"/etc/passwd"}"#)
    #expect(escaped["error"]?["code"] == "NOT_ALLOWED", "\(escaped)")

    let operators = [
      "KAFKA_BOOTSTRAP_SERVERS": try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS"), "RUNTIME_MAIN_PORT": String(main.port),
      "ONEX_DATA_DIR": TestEnvironment.dataFolder,
    ]
    let smoke = try await Process.run("onexctl", ["smoke", "--json"], environment: operators)
    #expect(smoke.code == 0, "\(smoke.output)")
    let answers = try #require(try JSONValue.parse(Bytes(smoke.output)).array)
    #expect(Set(answers.compactMap { $0["kind"]?.string }) == ["compute", "effect", "orchestrator"])
    #expect(answers.allSatisfy { $0["success"] == true })
    let tail = try await Process.run(
      "onexctl", ["tail", "responses", "--from-beginning", "--count", "3", "--json"], environment: operators)
    #expect(tail.code == 0, "\(tail.output)")
    let lines = try tail.output.split(separator: "\n").map { try JSONValue.parse(Bytes($0)) }
    #expect(lines.count == 3 && lines.allSatisfy { $0["topic"] == "responses" && $0["headers"]?.array?.isEmpty == false })

    for service in [main, effects, worker] { #expect(try await service.stop() == 0, "\(service.process.output)") }
  }

  @Test func noRoleTakesAnothersWork() async throws {
    try await RuntimeTopics.make()
    let effects = try RunningService("runtime-effects", run: run)
    let worker = try RunningService("runtime-worker", run: run)
    for service in [effects, worker] { try await service.untilReady() }
    let client = try Client()
    let computed = try await client.ask("compute.echo", topic: "effect-requests", responses: "effect-responses")
    #expect(computed["error"]?["code"] == "NOT_ALLOWED", "\(computed)")
    let effected = try await client.ask(
      "http.get", #"{"url":"http://127.0.0.1:1/"}"#, topic: "worker-requests", responses: "worker-responses")
    #expect(effected["error"]?["code"] == "NOT_ALLOWED", "\(effected)")
    for service in [effects, worker] { #expect(try await service.stop() == 0) }
  }

  @Test func withoutWorkersComputeWaitsAndIsAnsweredByTheNextOne() async throws {
    try await RuntimeTopics.make()
    let main = try await RunningService("runtime-main", run: run).untilReady()
    let first = try await RunningService("runtime-worker", run: run).untilReady()
    let client = try Client()
    #expect(try await client.ask("compute.echo")["success"] == true)
    // Asked to leave: the development broker may hold up a group for a member that was killed, longer than any session.
    #expect(try await first.stop() == 0)

    let reader = try await client.reader("responses")
    let forwarded = try await client.reader("worker-requests")
    let ids = (0..<20).map { _ in client.newID() }
    for id in ids { try await client.publish(client.text("compute.echo", "{}", id), to: "requests", key: Bytes(id.description)) }
    let last = try #require(ids.last)
    // All of them have reached the workers' topic, where nobody is.
    _ = try await client.records(forwarded) { $0.key == Bytes(last.description) }
    let second = try await RunningService("runtime-worker", run: run).untilReady()
    var open = Set(ids.map(\.description))
    while !open.isEmpty {
      let seen = try await client.records(reader) { open.contains($0.key?.text ?? "") }
      for record in seen { open.remove(record.key?.text ?? "") }
    }
    #expect(try await second.stop() == 0)
    #expect(try await main.stop() == 0)
  }

  @Test func workersWithoutAPartitionStandByAndAreReady() async throws {
    try await RuntimeTopics.make()
    let workers = try (0..<8).map { _ in try RunningService("runtime-worker", run: run) }
    for worker in workers { try await worker.untilReady() }
    let states = try await TestEnvironment.eventually("two of eight workers stand by") {
      var states: [String] = []
      for worker in workers {
        guard let ready = try await worker.get("/ready"), ready.status == 200 else { return [String]?.none }
        states.append(ready.body["checks"]?["partitions"]?["state"]?.string ?? "")
      }
      return states.filter { $0 == "up" }.count == 6 ? states : nil
    }
    #expect(states.filter { $0 == "standing_by" }.count == 2, "\(states)")
    for worker in workers { worker.process.signal(SIGTERM) }
    for worker in workers { #expect(try await worker.process.exitCode(within: .seconds(40)) == 0) }
  }

  @Test func badRecordsAreVisibleAndTheirNeighboursAnswered() async throws {
    try await RuntimeTopics.make()
    let main = try await RunningService("runtime-main", run: run).untilReady()
    let worker = try await RunningService("runtime-worker", run: run).untilReady()
    let client = try Client()
    let letters = try await client.reader("requests.dlq")
    let large =
      #"{"operation":"compute.echo","correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab","payload":{"a":""#
      + String(repeating: "x", count: 2 << 20) + "\"}}"
    let responses = try await client.reader("responses")
    try await client.publish("not json", to: "requests", key: "bad")
    try await client.publish(
      Bytes(Array("{\"operation\":\"a.b\",\"x\":\"".utf8) + [0xFF] + Array("\"}".utf8)), to: "requests", key: "bad")
    try await client.publish(#"{"operation":"compute.echo","operation":"compute.echo"}"#, to: "requests", key: "bad")
    try await client.publish(Bytes(large), to: "requests", key: "large")
    let answer = try await client.ask("compute.echo")
    #expect(answer["success"] == true)

    let found = try await client.records(letters) { $0.key == "large" }
    let codes = found.compactMap { letter in letter.headers.first { $0.name == "onex_dlq_error_code" }?.value?.text }
    #expect(Set(codes).isSuperset(of: ["PAYLOAD_TOO_LARGE"]), "\(codes)")
    #expect(found.first { $0.key == "large" }?.value == Bytes(large))
    let id = try #require(RawUUID("0193a5c8-7f2e-4b61-8a55-0123456789ab"))
    let refusal = try await client.answer(to: CorrelationID(id), responses)
    #expect(refusal["error"]?["code"] == "PAYLOAD_TOO_LARGE")
    #expect(try await worker.stop() == 0)
    #expect(try await main.stop() == 0)
  }
}
