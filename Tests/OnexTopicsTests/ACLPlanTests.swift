import OnexCore
import OnexKafka
import OnexTestSupport
import Testing

@testable import OnexTopics

/// A cluster that keeps access control entries, and refuses those that a test names.
private actor ScriptedACLs: ACLCluster {
  private(set) var entries: Set<KafkaACL>
  private(set) var calls: [String] = []
  private let refused: Set<KafkaACL>

  init(_ entries: [KafkaACL], refusing refused: Set<KafkaACL> = []) {
    self.entries = Set(entries)
    self.refused = refused
  }

  func acls() async throws(EventBusError) -> [KafkaACL] { entries.sorted() }

  func create(_ acls: [KafkaACL]) async -> [EventBusError?] {
    calls.append("create \(acls.count)")
    return acls.map { entry in
      guard !refused.contains(entry) else { return EventBusError(.authorization, "no") }
      entries.insert(entry)
      return nil
    }
  }

  func delete(_ acls: [KafkaACL]) async -> [EventBusError?] {
    calls.append("delete \(acls.count)")
    for entry in acls { entries.remove(entry) }
    return acls.map { _ in nil }
  }
}

@Suite struct ACLPlanTests {
  private let needed: Set<KafkaACL> = [
    KafkaACL("User:a", .read, .topic, "in"), KafkaACL("User:a", .write, .topic, "out"), KafkaACL("User:a", .read, .group, "g"),
  ]
  private static let foreign = [
    KafkaACL("User:x", .all, .topic, "in"), KafkaACL("User:a", .read, .topic, "other", pattern: .prefixed),
    KafkaACL("User:a", .all, .topic, "*"), KafkaACL("User:a", .read, .topic, "elsewhere", host: "10.0.0.1"),
    KafkaACL("User:a", .other, .topic, "elsewhere"), KafkaACL("User:a", .read, .other, "tx"),
    KafkaACL("User:a", .write, .topic, "elsewhere", permission: .deny),
  ]

  @Test func whatIsMissingIsMadeAndNothingForeignIsTouched() async throws {
    let cluster = ScriptedACLs(ACLPlanTests.foreign + [KafkaACL("User:a", .read, .topic, "in")])
    let report = try await ACLApply(cluster: cluster).run(needed, principals: ["User:a"], prunes: true)
    #expect(report.made.count == 2 && report.deleted.isEmpty && report.failures.isEmpty)
    #expect(report.rest.isEmpty && report.rest.foreignCount == ACLPlanTests.foreign.count)
    #expect(await cluster.entries == needed.union(ACLPlanTests.foreign))
    let again = try await ACLApply(cluster: cluster).run(needed, principals: ["User:a"], prunes: true)
    #expect(again.made.isEmpty && again.deleted.isEmpty && again.rest.isEmpty)
  }

  @Test func whatIsNotNeededGoesOnlyWhenAskedAndOnlyAfterWhatIsNeededIsThere() async throws {
    let surplus = KafkaACL("User:a", .write, .topic, "effect-responses")
    let cluster = ScriptedACLs([surplus])
    let first = try await ACLApply(cluster: cluster).run(needed, principals: ["User:a"], prunes: false)
    #expect(first.rest.surplus == [surplus] && first.deleted.isEmpty)
    #expect(await cluster.entries.contains(surplus))
    let second = try await ACLApply(cluster: cluster).run(needed, principals: ["User:a"], prunes: true)
    #expect(second.deleted == [surplus] && second.rest.isEmpty)
    #expect(await cluster.calls == ["create 3", "delete 0", "create 0", "delete 1"])
  }

  @Test func nothingIsDeletedWhileSomethingNeededIsRefused() async throws {
    let surplus = KafkaACL("User:a", .write, .topic, "effect-responses")
    let refused = KafkaACL("User:a", .read, .group, "g")
    let cluster = ScriptedACLs([surplus], refusing: [refused])
    let report = try await ACLApply(cluster: cluster).run(needed, principals: ["User:a"], prunes: true)
    #expect(report.failures.map(\.entry) == [refused] && report.deleted.isEmpty && report.rest.missing == [refused])
    #expect(await cluster.entries.contains(surplus))
  }

  @Test(arguments: [
    KafkaACL("User:a", .read, .topic, "in", permission: .deny), KafkaACL("User:*", .all, .topic, "*", permission: .deny),
    KafkaACL("User:a", .all, .topic, "i", pattern: .prefixed, permission: .deny),
  ])
  func aDenialOfWhatIsNeededIsADifferenceThatStays(_ denial: KafkaACL) async throws {
    let cluster = ScriptedACLs([denial])
    let report = try await ACLApply(cluster: cluster).run(needed, principals: ["User:a"], prunes: true)
    #expect(report.rest.denials == [denial] && !report.rest.isEmpty)
    #expect(await cluster.entries.contains(denial))
  }

  @Test(arguments: 0..<300) func carriedOutAPlanIsEmpty(_ seed: Int) async throws {
    var random = SplitMix(seed: UInt64(seed))
    func entries(_ count: Int) -> Set<KafkaACL> {
      Set(
        (0..<count).map { _ in
          KafkaACL(
            "User:\(random.next(below: 4))", KafkaACL.Operation.allCases[random.next(below: 12)],
            KafkaACL.Resource.allCases[random.next(below: 4)], ["a", "b", "*", "kafka-cluster"][random.next(below: 4)],
            pattern: KafkaACL.Pattern.allCases[random.next(below: 3)],
            permission: KafkaACL.Permission.allCases[random.next(below: 3)], host: ["*", "h"][random.next(below: 2)])
        })
    }
    let needed = entries(20).filter { $0.isComplete && $0.permission == .allow && $0.pattern == .literal && $0.host == "*" }
    let found = entries(60)
    let principals: Set = ["User:0", "User:1"]
    let cluster = ScriptedACLs(Array(found))
    let report = try await ACLApply(cluster: cluster).run(needed, principals: principals, prunes: true)
    let after = await cluster.entries
    #expect(report.rest.missing.isEmpty && report.rest.surplus.isEmpty, "seed \(seed)")
    #expect(needed.isSubset(of: after))
    // What went away was an allowed literal entry of our own principals.
    for gone in found.subtracting(after) {
      #expect(principals.contains(gone.principal) && gone.permission == .allow && gone.pattern == .literal && gone.host == "*")
    }
  }
}

@Suite struct BrokerPermissionsTests {
  private func rights(_ participant: String) throws -> [KafkaACL] {
    let grants = BrokerPermissions(try CatalogueScene.repository()).grants
    return try #require(grants.first { $0.participant == participant }).rights
  }

  private func topics(_ participant: String, _ operation: KafkaACL.Operation) throws -> [String] {
    try rights(participant).filter { $0.resource == .topic && $0.operation == operation }.map(\.name)
  }

  @Test func aServiceMayReadItsInputAndWriteItsOutputAndItsDeadLetters() throws {
    #expect(try topics("runtime-effects", .read) == ["effect-requests"])
    #expect(try topics("runtime-effects", .write) == ["effect-requests.dlq", "effect-responses"])
    #expect(try topics("runtime-worker", .write) == ["worker-requests.dlq", "worker-responses"])
    #expect(try rights("runtime-worker").contains(KafkaACL("", .read, .group, "onex-runtime-workers")))
    #expect(try topics("runtime-main", .read) == ["effect-responses", "requests", "worker-responses"])
    #expect(try topics("agent-actions-consumer", .read).count == 7)
  }

  @Test func clientsCanNeitherAnswerNorReadWhatOthersAsk() throws {
    #expect(try topics("clients", .write) == ["requests"])
    #expect(try topics("clients", .read) == ["responses"])
    #expect(try topics("agents", .read).isEmpty)
  }

  /// Only the service that does the work may answer; operators send dead letters back.
  @Test(arguments: ["effect-responses", "worker-responses", "responses"])
  func answersHaveOneWriter(_ topic: String) throws {
    let writers = BrokerPermissions(try CatalogueScene.repository()).grants.filter { grant in
      grant.rights.contains { $0.resource == .topic && $0.operation == .write && $0.name == topic }
    }
    #expect(writers.count == 2 && writers.contains { $0.participant == BrokerPermissions.operators })
  }

  @Test func nobodyMayDeleteATopicOrDoEverything() throws {
    for grant in BrokerPermissions(try CatalogueScene.repository()).grants {
      #expect(grant.rights.allSatisfy { ![.delete, .all, .clusterAction].contains($0.operation) && $0.name != "*" })
      #expect(grant.rights.allSatisfy { $0.resource != .cluster || $0.operation != .alter })
    }
  }

  @Test func principalsAreTheParticipantsUnlessNamed() throws {
    var principals = ACLPrincipals(["runtime-main", "clients"])
    #expect(principals["clients"] == ["User:clients"])
    try principals.read("clients=User:web,clients=User:app,runtime-main=")
    #expect(principals["clients"] == ["User:web", "User:app"] && principals["runtime-main"].isEmpty)
    #expect(principals.all == ["User:web", "User:app"])
  }

  @Test(arguments: ["client=User:a", "clients", "clients=a", "clients=User:*", "clients=:a", "clients=User:a\u{1B}[2J"])
  func aWrongPrincipalIsRefused(_ text: String) {
    var principals = ACLPrincipals(["runtime-main", "clients"])
    #expect(throws: ACLPrincipals.Invalid.self) { try principals.read(text) }
  }
}
