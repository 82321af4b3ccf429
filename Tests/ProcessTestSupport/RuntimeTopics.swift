/// The topics of the runtime, made as a job makes them.
package enum RuntimeTopics {
  /// - Parameter bootstrapServers: of another broker than the one that `make test` started.
  package static func make(_ bootstrapServers: String? = nil) async throws {
    let made = try await Process.run(
      "topic-manager", ["--once"],
      environment: [
        "KAFKA_BOOTSTRAP_SERVERS": try bootstrapServers ?? TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS"),
        "ONEX_CONTRACTS_DIR": TestEnvironment.repository + "/contracts",
        "ONEX_HEALTH_PORT": String(TestEnvironment.freePort()),
      ])
    guard made.code == 0 else { throw TestFailure("the topics were not made: \(made.output)") }
  }
}
