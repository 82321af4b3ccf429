import Glibc
import OnexCore
import OnexKafka
import ProcessTestSupport
import Testing

/// `topic-manager --once` as a job runs it.
@Suite(.timeLimit(.minutes(3))) struct TopicManagerTests {
  private let run = RandomIDSource().next().description

  private func declarations(_ files: [String: String]) throws -> String {
    let folder = "\(TestEnvironment.scratch)/topics-\(run)"
    for path in [folder, folder + "/topics"] { mkdir(path, 0o755) }
    for (name, text) in files {
      guard let file = fopen("\(folder)/topics/\(name)", "w") else { throw TestFailure("\(folder) cannot be written") }
      fputs(text, file)
      fclose(file)
    }
    return folder
  }

  private func environment(_ folder: String) throws -> [String: String] {
    [
      "KAFKA_BOOTSTRAP_SERVERS": try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS"), "ONEX_CONTRACTS_DIR": folder,
      "ONEX_HEALTH_PORT": String(TestEnvironment.freePort()),
    ]
  }

  private func clusterTopics() async throws -> [String: Int] {
    let connection = KafkaConnection(
      bootstrapServers: [try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")], clientID: "end-to-end")
    let topics = try await KafkaAdmin(connection).topics()
    return Dictionary(uniqueKeysWithValues: topics.map { ($0.name, $0.partitions.count) })
  }

  @Test func everyBadDeclarationIsSaidAtOnceAndNothingIsMade() async throws {
    let folder = try declarations([
      "good.yaml": "topics:\n  - {name: good-\(run), partitions: 1}\n",
      "bad.yaml": "topics:\n  - {name: 'bad name', partitions: 0}\n  - {name: x-\(run), partitons: 3}\n",
      "other.yml": "topics: []\n",
    ])
    let result = try await Process.run("topic-manager", ["--once"], environment: try environment(folder))
    #expect(result.code == 78, "\(result.output)")
    for words in ["bad.yaml:2", "topics[0].name", "topics[0].partitions", "partitons", "other.yml"] {
      #expect(result.output.contains(words), "\(words) is missing in: \(result.output)")
    }
    #expect(try await clusterTopics()["good-\(run)"] == nil)
  }

  @Test func twoAtOnceMakeEveryTopicOnce() async throws {
    let names = (0..<20).map { "twice-\($0)-\(run)" }
    let text = names.map { "  - {name: \($0), partitions: 3, dlq: true}\n" }.joined()
    let folder = try declarations(["many.yaml": "topics:\n" + text])
    let processes = try (0..<2).map { _ in try Process("topic-manager", ["--once"], environment: try environment(folder)) }
    for process in processes { #expect(try await process.exitCode(within: .seconds(60)) == 0, "\(process.output)") }
    let found = try await clusterTopics()
    for name in names { #expect(found[name] == 3 && found[name + ".dlq"] == 3, "\(name)") }
  }

  @Test func withoutABrokerTheJobGivesUpInTimeAndSaysWhy() async throws {
    let folder = try declarations(["one.yaml": "topics:\n  - {name: one-\(run), partitions: 1}\n"])
    var settings = try environment(folder)
    settings["KAFKA_BOOTSTRAP_SERVERS"] = "127.0.0.1:1"
    settings["ONEX_TOPIC_ONCE_TIMEOUT_SECONDS"] = "1"
    let result = try await Process.run("topic-manager", ["--once"], environment: settings)
    #expect(result.code == 69, "\(result.output)")
    #expect(result.output.contains("not every declared topic can be used"), "\(result.output)")
  }
}
