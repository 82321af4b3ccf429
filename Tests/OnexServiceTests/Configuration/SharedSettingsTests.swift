import OnexService
import Testing

@Suite struct SharedSettingsTests {
  private static let bus = SettingGroup(title: "bus", settings: [CommonSettings.eventBusType])

  private func kafka(_ values: [String: String]) throws -> KafkaSettings {
    KafkaSettings(try Configuration.load([Self.bus, .kafka], from: EnvironmentVariables(values)))
  }

  private func postgres(_ values: [String: String]) throws -> PostgresSettings {
    PostgresSettings(try Configuration.load([.postgres], from: EnvironmentVariables(values)))
  }

  private func variables(_ groups: [SettingGroup], _ values: [String: String]) -> [String] {
    do {
      _ = try Configuration.load(groups, from: EnvironmentVariables(values))
      return []
    } catch {
      return error.problems.map(\.variable)
    }
  }

  @Test func theBrokerIsLocalUnlessSaid() throws {
    let settings = try kafka([:])
    #expect(settings.bootstrapServers == ["localhost:9092"])
    #expect(settings.securityProtocol == "PLAINTEXT")
  }

  @Test(arguments: ["localhost", "localhost:", "localhost:0", "localhost:65536", ":9092", "a b:9092", "::1:9092", "h:9092,"])
  func aBrokerIsAHostAndAPort(text: String) {
    #expect(variables([Self.bus, .kafka], ["KAFKA_BOOTSTRAP_SERVERS": text]) == ["KAFKA_BOOTSTRAP_SERVERS"])
  }

  @Test func severalBrokersAndIPv6AddressesAreUnderstood() throws {
    #expect(try kafka(["KAFKA_BOOTSTRAP_SERVERS": "a:1,[::1]:9092"]).bootstrapServers == ["a:1", "[::1]:9092"])
  }

  @Test func aSASLProtocolNeedsMechanismUserAndPassword() throws {
    let missing = ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"]
    #expect(variables([Self.bus, .kafka], ["KAFKA_SECURITY_PROTOCOL": "sasl_ssl"]) == missing)
    let complete = [
      "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-256", "KAFKA_SASL_USERNAME": "u",
      "KAFKA_SASL_PASSWORD": "p",
    ]
    #expect(try kafka(complete).saslPassword == "p")
  }

  @Test func aBusInMemoryNeedsNoBrokerSettings() throws {
    let values = ["ONEX_EVENT_BUS_TYPE": "inmemory", "KAFKA_BOOTSTRAP_SERVERS": "nonsense", "KAFKA_SECURITY_PROTOCOL": "x"]
    #expect(try kafka(values).bootstrapServers == ["localhost:9092"])
  }

  @Test func theDatabaseNeedsAPasswordOrAURL() throws {
    #expect(variables([.postgres], [:]) == ["POSTGRES_PASSWORD"])
    #expect(variables([.postgres], ["OMNIBASE_INFRA_DB_URL": "postgresql://u:p@h:1/d"]) == [])
    #expect(variables([.postgres], ["OMNIBASE_INFRA_DB_URL": "https://example.com"]) == ["OMNIBASE_INFRA_DB_URL"])
  }

  @Test func aMissingPasswordIsReportedTogetherWithOtherProblems() {
    let found = variables([Self.bus, .kafka, .postgres], ["KAFKA_SECURITY_PROTOCOL": "x"])
    #expect(found == ["KAFKA_SECURITY_PROTOCOL", "POSTGRES_PASSWORD"])
  }

  @Test func aURLIsPassedOnAsItIs() throws {
    let url = "postgresql://u:p%40ss@h:1/d?sslmode=require"
    #expect(try postgres(["OMNIBASE_INFRA_DB_URL": url, "POSTGRES_HOST": "other"]).connectionString == url)
  }

  @Test func anyCharacterInAPasswordSurvivesTheConnectionString() throws {
    let settings = try postgres(["POSTGRES_PASSWORD": #"a'b\c d=@:/%"#])
    #expect(
      settings.connectionString
        == #"host='localhost' port='5432' user='postgres' password='a\'b\\c d=@:/%' dbname='omnibase_infra'"#)
  }

  @Test func thePortOfOneProcessWinsOverThatOfTheStack() throws {
    let setting = CommonSettings.healthPort(default: 8086, shared: "RUNTIME_EFFECTS_PORT")
    func port(_ values: [String: String]) throws -> Int {
      try Configuration.load([SettingGroup(title: "", settings: [setting])], from: EnvironmentVariables(values))[setting]
    }
    #expect(try port([:]) == 8086)
    #expect(try port(["RUNTIME_EFFECTS_PORT": "1"]) == 1)
    #expect(try port(["RUNTIME_EFFECTS_PORT": "1", "ONEX_HEALTH_PORT": "2"]) == 2)
  }

  @Test(arguments: ["", ".", "..", "a b", "ä", "a/b"])
  func aTopicNameIsOneThatABrokerAccepts(text: String) throws {
    let setting = CommonSettings.inputTopic(default: "requests")
    let found = variables([SettingGroup(title: "", settings: [setting])], ["ONEX_INPUT_TOPIC": text])
    #expect(found == (text.isEmpty ? [] : ["ONEX_INPUT_TOPIC"]))
  }

  @Test func rulesBetweenSettingsSeeTheDefaultOfOneThatIsWrong() {
    let low = Setting.integer("LOW", default: 1, range: 0...9, help: "")
    let high = Setting.integer("HIGH", default: 2, range: 0...9, help: "")
    let group = SettingGroup(title: "", settings: [low, high])
    do {
      _ = try Configuration.load([group], from: EnvironmentVariables(["LOW": "5", "HIGH": "x"])) { configuration in
        configuration[low] < configuration[high] ? [] : [ConfigurationProblem(variable: "LOW", value: "5", allowed: "below HIGH")]
      }
      Issue.record("an invalid configuration was loaded")
    } catch {
      #expect(error.problems.map(\.variable) == ["HIGH", "LOW"])
    }
  }
}
