import Glibc
import OnexCore
import OnexKafka
import ProcessTestSupport

/// A folder of declarations of a test's own, with topics that nobody else has.
struct TopicFolder {
  /// Part of every topic's name.
  let run = RandomIDSource().next().description
  let path: String

  init() throws {
    path = "\(TestEnvironment.scratch)/declared-\(run)"
    for folder in [path, path + "/topics", path + "/topics/environments"] { mkdir(folder, 0o755) }
  }

  /// - Parameter lines: elements of `topics:`.
  func declare(_ lines: String) throws { try write("topics/topics.yaml", "topics:\n" + lines) }

  func overlay(_ environment: String, _ text: String) throws { try write("topics/environments/\(environment).yaml", text) }

  private func write(_ name: String, _ text: String) throws {
    guard let file = fopen("\(path)/\(name)", "w") else { throw TestFailure("\(path)/\(name) cannot be written") }
    fputs(text, file)
    fclose(file)
  }

  func environment() throws -> [String: String] {
    [
      "KAFKA_BOOTSTRAP_SERVERS": try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS"), "ONEX_CONTRACTS_DIR": path,
      "ONEX_HEALTH_PORT": String(TestEnvironment.freePort()),
    ]
  }

  /// `nil` when the topic does not exist.
  func partitions(_ topic: String) async throws -> Int? {
    let connection = KafkaConnection(
      bootstrapServers: [try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")], clientID: "end-to-end")
    return try await KafkaAdmin(connection).topics().first { $0.name == topic }?.partitions.count
  }
}
