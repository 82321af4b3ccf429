import OnexCore
import OnexKafka
import Testing

@Suite(.timeLimit(.minutes(1))) struct ACLTests {
  private func admin(_ server: String) throws -> KafkaAdmin {
    try KafkaAdmin(KafkaConnection(bootstrapServers: [server], clientID: "tests"), timeout: .seconds(10))
  }

  private let entries = [
    KafkaACL("User:a", .read, .topic, "t"), KafkaACL("User:a", .other, .topic, "t"), KafkaACL("User:a", .read, .other, "t"),
    KafkaACL("User:a", .idempotentWrite, .cluster, KafkaACL.clusterName),
    KafkaACL("User:CN=ä,OU=b", .read, .group, "g", pattern: .prefixed, permission: .deny, host: "10.0.0.1"),
  ]

  @Test(arguments: [ACLBroker.Support.unknownRequests, .disabled])
  func aBrokerWithoutAccessControlSaysSo(_ support: ACLBroker.Support) async throws {
    let broker = try ACLBroker([], support)
    let admin = try admin("127.0.0.1:\(broker.port)")
    do throws(EventBusError) {
      // librdkafka 2.0.2 does not hand on the error of an answer to DescribeAcls: the list is empty.
      #expect(try await admin.acls().isEmpty && support == .disabled)
    } catch {
      #expect(error.code == .unsupported, "\(error)")
    }
    for outcomes in [await admin.create(entries), await admin.delete(entries)] {
      #expect(outcomes.count == entries.count)
      for index in [0, 3, 4] { #expect(outcomes[index]?.code == .unsupported, "\(String(describing: outcomes[index]))") }
    }
    #expect(broker.entries.isEmpty)
  }

  @Test func entriesAreWrittenInTheProtocolsNumbersAndReadBack() async throws {
    let foreign = ACLBroker.Entry(
      resource: 5, name: "tx", pattern: 3, principal: "User:x", host: "*", operation: 4, permission: 3)
    let broker = try ACLBroker([foreign])
    let admin = try admin("127.0.0.1:\(broker.port)")
    #expect(try await admin.acls() == [KafkaACL("User:x", .write, .other, "tx")])
    #expect(await admin.create(entries).map { $0?.code } == [nil, .configuration, .configuration, nil, nil])
    func entry(_ resource: Int8, _ name: String, _ operation: Int8) -> ACLBroker.Entry {
      ACLBroker.Entry(
        resource: resource, name: name, pattern: 3, principal: "User:a", host: "*", operation: operation, permission: 3)
    }
    let denial = ACLBroker.Entry(
      resource: 3, name: "g", pattern: 4, principal: "User:CN=ä,OU=b", host: "10.0.0.1", operation: 3, permission: 2)
    #expect(broker.entries == [foreign, entry(2, "t", 3), entry(4, "kafka-cluster", 12), denial])
    let found = try await admin.acls()
    #expect(found.count == 4 && [0, 3, 4].allSatisfy { found.contains(entries[$0]) })
    // Exactly these: the entry of somebody else, and the one that differs by its host, stay.
    let similar = KafkaACL("User:CN=ä,OU=b", .read, .group, "g", pattern: .prefixed, permission: .deny)
    #expect(await admin.delete([entries[0], similar]).allSatisfy { $0 == nil })
    #expect(broker.entries == [foreign, entry(4, "kafka-cluster", 12), denial])
  }

  private static let numbers: [(KafkaACL.Operation, Int8)] = [
    (.all, 2), (.read, 3), (.write, 4), (.create, 5), (.delete, 6), (.alter, 7), (.describe, 8), (.clusterAction, 9),
    (.describeConfigs, 10), (.alterConfigs, 11), (.idempotentWrite, 12),
  ]

  @Test(arguments: numbers)
  func anOperationHasTheProtocolsNumber(_ operation: KafkaACL.Operation, _ number: Int8) async throws {
    let broker = try ACLBroker()
    let admin = try admin("127.0.0.1:\(broker.port)")
    #expect(await admin.create([KafkaACL("User:a", operation, .topic, "t")]).allSatisfy { $0 == nil })
    #expect(broker.entries.map(\.operation) == [number])
    #expect(try await admin.acls().map(\.operation) == [operation])
  }
}
