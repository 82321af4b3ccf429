import OnexCore
import OnexKafka
import Testing

@Suite struct KafkaConnectionTests {
  private let connection = {
    var connection = KafkaConnection(
      bootstrapServers: ["a:1", "b:2"], securityProtocol: "SASL_PLAINTEXT", saslMechanism: "PLAIN", saslUsername: "service",
      saslPassword: "open sesame", clientID: "tests")
    connection.overrides = ["sasl.oauthbearer.config": "secret too"]
    return connection
  }()

  @Test func noRenderingOfAConnectionShowsItsSecrets() {
    var dumped = ""
    dump(connection, to: &dumped)
    for text in ["\(connection)", String(reflecting: connection), String(describing: Optional(connection)), dumped] {
      #expect(!text.contains("sesame") && !text.contains("secret"), "\(text)")
    }
  }

  @Test(arguments: [("security.protocol", "CARRIER_PIGEON"), ("no.such.setting", "sesame"), ("linger.ms", "soon")])
  func whatLibrdkafkaRefusesIsNamedWithoutItsValue(_ name: String, _ value: String) throws {
    var broken = connection
    broken.overrides = [name: value]
    let error = #expect(throws: EventBusError.self) { try KafkaEventBus(broken).producer() }
    #expect(error?.code == .configuration)
    #expect(error?.message.contains(name) == true)
    #expect(error?.message.contains(value) == false)
  }

  @Test func authenticationIsConfiguredBeforeAnythingConnects() throws {
    var broken = connection
    broken.saslMechanism = "ROT13"
    #expect(throws: EventBusError.self) { try KafkaEventBus(broken).producer() }
  }
}
