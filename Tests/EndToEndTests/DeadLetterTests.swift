import Glibc
import OnexCore
import OnexJSON
import OnexKafka
import ProcessTestSupport
import Testing

/// `onexctl dlq` on a real broker, with dead letters that a worker made.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DeadLetterTests {
  private let run = RandomIDSource().next().description

  private var topic: String { "letters-\(run)" }
  private var letters: String { topic + ".dlq" }
  private static let keys: Set<String> = ["one", "two", "three"]

  private func makeTopics(_ names: [String]) async throws {
    let connection = KafkaConnection(
      bootstrapServers: [try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")], clientID: "end-to-end")
    let specifications = names.map { TopicSpecification(name: $0, partitions: 2, replicationFactor: 1) }
    for made in try await KafkaAdmin(connection).create(specifications) {
      #expect(made == .created)
    }
  }

  private func dlq(_ arguments: String...) async throws -> (code: Int32, output: String) {
    try await Process.run(
      "onexctl", ["dlq"] + arguments,
      environment: ["KAFKA_BOOTSTRAP_SERVERS": try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")])
  }

  private func lines(_ output: String) throws -> [JSONValue] {
    try output.split(separator: "\n").map { try JSONValue.parse(Bytes($0)) }
  }

  /// What a replay with `--json` says at its end.
  private func summary(_ output: String) throws -> JSONValue {
    try JSONValue.parse(Bytes(output.split(separator: "\n").last ?? ""))
  }

  /// Three records that are no JSON, put aside by a worker that is gone afterwards.
  private func makeDeadLetters(_ client: Client) async throws {
    try await makeTopics([topic, letters, topic + "-out"])
    let worker = try RunningService(
      "runtime-worker", run: run, settings: ["ONEX_INPUT_TOPIC": topic, "ONEX_OUTPUT_TOPIC": topic + "-out"])
    try await worker.untilReady()
    for key in DeadLetterTests.keys.sorted() {
      try await client.publish("not json", to: topic, key: Bytes(key), headers: [RecordHeader("own", Bytes(key))])
    }
    _ = try await TestEnvironment.eventually("three dead letters are listed") {
      let list = try await dlq("list", letters, "--json")
      return list.code == 0 && list.output.split(separator: "\n").filter { $0.hasPrefix("{") }.count == 3 ? true : nil
    }
    #expect(try await worker.stop() == 0, "\(worker.process.output)")
  }

  private func originals() async throws -> [ConsumedRecord] { try await Client().everything(in: topic) }

  @Test func deadLettersAreListedShownAndSentBackOnce() async throws {
    try await makeDeadLetters(try Client())
    let listed = try lines(try await dlq("list", letters, "--json", "--code", "INVALID_JSON", "--since", "5m").output)
    #expect(listed.count == 3 && listed.allSatisfy { $0["state"] == "open" && $0["original_topic"]?.string == topic })
    let place = try #require(listed.first?["place"]?.string)
    let page = try await dlq("show", place)
    #expect(page.code == 0 && page.output.contains("not json") && page.output.contains("own: "), "\(page.output)")

    let preview = try await dlq("replay", letters, "--dry-run")
    #expect(
      preview.code == 0 && preview.output.contains("3 would be sent") && preview.output.contains(place), "\(preview.output)")
    let careless = try await dlq("replay", letters)
    #expect(
      careless.code == 64 && careless.output.contains("3 records") && careless.output.contains("--yes"), "\(careless.output)")
    #expect(try await originals().count == 3, "nothing was sent")

    let one = try await dlq("replay", "--at", place, "--json")
    #expect(try one.code == 0 && summary(one.output)["sent"] == 1, "\(one.output)")
    let rest = try await dlq("replay", letters, "--yes", "--json")
    #expect(
      try rest.code == 0 && summary(rest.output)["sent"] == 2 && summary(rest.output)["replayed_before"] == 1, "\(rest.output)")
    let repeated = try await dlq("replay", letters, "--yes", "--json")
    #expect(try repeated.code == 0 && summary(repeated.output)["sent"] == 0, "\(repeated.output)")

    let sent = try await originals()
    #expect(sent.count == 6 && sent.allSatisfy { $0.value == "not json" && $0.headers == [RecordHeader("own", $0.key)] })
    #expect(Set(sent.compactMap { $0.key?.text }) == DeadLetterTests.keys)
    let again = try await dlq("replay", "--at", place, "--again", "--json")
    #expect(try again.code == 0 && summary(again.output)["sent"] == 1, "\(again.output)")
    #expect(try await originals().count == 7)

    let counted = try #require(try JSONValue.parse(Bytes(try await dlq("stats", letters, "--json").output)).array)
    #expect(counted.count == 1 && counted.first?["count"] == 3 && counted.first?["replayed"] == 3, "\(counted)")
    #expect(try lines(try await dlq("list", letters, "--json").output).allSatisfy { $0["state"] == "replayed" })
    #expect(try await dlq("list", letters, "--limit", "1").output.contains("2 older ones are not shown"))
    #expect(try await dlq("stats").output.contains(letters))
  }

  @Test func whatCannotBeSentIsNamed() async throws {
    let client = try Client()
    try await makeTopics([letters])
    try await client.publish("by hand", to: letters, key: "k")
    let malformed = try await dlq("replay", letters, "--json")
    #expect(malformed.code == 1 && malformed.output.contains("onex_dlq_original_topic"), "\(malformed.output)")
    #expect(try await dlq("list", letters).output.contains(" - "))

    let record = ConsumedRecord(
      source: TopicPartition("gone-\(run)", 0), offset: 4, key: "k", value: "v", timestamp: nil)
    let letter = DeadLetter.record(
      for: record,
      cause: DeadLetter.Cause(code: "INTERNAL", reason: "test", consumerGroup: "g", time: SystemClock().now()))
    try await client.publish("v", to: letters, key: "k", headers: letter.headers)
    let gone = try await dlq("replay", letters, "--code", "INTERNAL")
    #expect(gone.code == 1 && gone.output.contains("1 failed") && gone.output.contains("\(letters)["), "\(gone.output)")
    let counted = try #require(try JSONValue.parse(Bytes(try await dlq("stats", letters, "--json").output)).array)
    #expect(counted.allSatisfy { $0["replayed"] == 0 }, "\(counted)")
  }

  @Test func aTopicThatIsNotThereIsSaidWithThoseThatAre() async throws {
    try await makeTopics([letters])
    let missing = try await dlq("list", "letters-\(run)")
    #expect(missing.code == 64 && missing.output.contains("did you mean \(letters)?"), "\(missing.output)")
    let gone = try await dlq("show", "\(letters)[0]@99")
    #expect(gone.code == 1 && gone.output.contains("[0]@99"), "\(gone.output)")
    let nobody = try await Process.run("onexctl", ["dlq", "stats"], environment: ["KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"])
    #expect(nobody.code == 69 && nobody.output.contains("KAFKA_BOOTSTRAP_SERVERS"), "\(nobody.output)")
  }
}
