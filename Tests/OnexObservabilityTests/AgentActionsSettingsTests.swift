import OnexService
import Testing

@testable import OnexObservability

@Suite struct AgentActionsSettingsTests {
  private static let prefix = "OMNIBASE_INFRA_AGENT_ACTIONS_"

  private func load(_ variables: [String: String]) throws -> Configuration {
    let own = SettingGroup(
      title: "own", settings: [CommonSettings.eventBusType] + AgentActionsSettings.all,
      check: { AgentActionsConsumer.validate($0) })
    return try Configuration.load(AgentActionsConsumer.groups + [own], from: EnvironmentVariables(variables))
  }

  private func problems(_ variables: [String: String]) -> [ConfigurationProblem] {
    do {
      _ = try load(variables)
      return []
    } catch {
      return (error as? InvalidConfiguration)?.problems ?? []
    }
  }

  private let database = ["OMNIBASE_INFRA_DB_URL": "postgresql://u:p@h/d"]

  @Test func defaultsAreTheDocumentedOnes() throws {
    let configuration = try load(database)
    #expect(configuration[AgentActionsSettings.bootstrapServers] == ["localhost:9092"])
    #expect(configuration[AgentActionsSettings.group] == "agent-observability-postgres")
    #expect(configuration[AgentActionsSettings.start] == "earliest")
    #expect(configuration[AgentActionsSettings.batchSize] == 100)
    #expect(configuration[AgentActionsSettings.batchTimeoutMilliseconds] == 1000)
    #expect(configuration[AgentActionsSettings.breakerThreshold] == 5)
    #expect(configuration[AgentActionsSettings.breakerResetSeconds] == 60)
    #expect(configuration[AgentActionsSettings.breakerHalfOpenSuccesses] == 1)
    #expect(configuration[AgentActionsSettings.writeStalenessSeconds] == 300)
    #expect(configuration[AgentActionsSettings.pollStalenessSeconds] == 60)
    #expect(AgentActionsSettings.healthPort.defaultText == "8087")
  }

  @Test func everyTopicIsReadAndTextIsRedactedUnlessSaidOtherwise() throws {
    let prefix = AgentActionsSettingsTests.prefix
    func policy(_ variables: [String: String]) throws -> DecodingPolicy {
      AgentActionsSettings.decodingPolicy(try load(database.merging(variables) { $1 }))
    }
    #expect(try load(database)[AgentActionsSettings.topics].count == 7)
    #expect(try policy([:]).redaction == .everything)
    #expect(try policy([:]).nulBytes == .reject)
    #expect(try policy([prefix + "NUL_BYTES": "strip"]).nulBytes == .strip)
    #expect(try policy([prefix + "REDACTION_FIELDS": "result,metadata"]).redaction == .columns(["result", "metadata"]))
    #expect(try policy([prefix + "REDACTION_ENABLED": "false", prefix + "REDACTION_FIELDS": "result"]).redaction == .nothing)
  }

  @Test(arguments: [
    ("BATCH_SIZE", "0"), ("BATCH_SIZE", "100001"), ("BATCH_TIMEOUT_MS", "99"), ("BATCH_TIMEOUT_MS", "60001"),
    ("TOPICS", "agent-actions,unheard-of"), ("AUTO_OFFSET_RESET", "middle"), ("KAFKA_BOOTSTRAP_SERVERS", "nowhere"),
    ("POSTGRES_DSN", "mysql://h"), ("CIRCUIT_BREAKER_THRESHOLD", "0"), ("HEALTH_CHECK_STALENESS_SECONDS", "x"),
    ("NUL_BYTES", "keep"), ("RECORD_BYTES_MAX", "10"), ("REDACTION_ENABLED", "maybe"), ("REDACTION_FIELDS", "agent_name"),
  ])
  func aValueOutOfRangeIsNamed(_ name: String, _ value: String) {
    let found = problems(database.merging([AgentActionsSettingsTests.prefix + name: value]) { $1 })
    #expect(found.map(\.variable) == [AgentActionsSettingsTests.prefix + name])
  }

  @Test func theAddressOfTheDatabaseFallsBackFromOwnToSharedToParts() throws {
    let own = [AgentActionsSettingsTests.prefix + "POSTGRES_DSN": "postgresql://own@h/d"]
    #expect(try load(database.merging(own) { $1 })[AgentActionsSettings.dsn] == "postgresql://own@h/d")
    #expect(try load(own)[AgentActionsSettings.dsn] == "postgresql://own@h/d", "its parts need no password then")
    #expect(try load(database)[AgentActionsSettings.dsn] == "postgresql://u:p@h/d")
    #expect(try load(["POSTGRES_PASSWORD": "secret"])[AgentActionsSettings.dsn] == nil)
    #expect(problems([:]).map(\.variable) == ["POSTGRES_PASSWORD"])
  }

  @Test func theAddressIsNeverShown() throws {
    let found = problems([AgentActionsSettingsTests.prefix + "POSTGRES_DSN": "mysql://u:hidden@h"])
    #expect(!"\(found)".contains("hidden"))
    #expect(try load(database).entry(AgentActionsSettings.dsn.name)?.shown == ConfigurationProblem.masked)
  }

  @Test func aBusInMemoryIsRefusedWithTheReason() {
    let found = problems(database.merging(["ONEX_EVENT_BUS_TYPE": "inmemory"]) { $1 })
    #expect(found.map(\.variable) == ["ONEX_EVENT_BUS_TYPE"])
  }
}
