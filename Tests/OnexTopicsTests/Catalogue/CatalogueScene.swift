import OnexCore
import OnexKernel
import Testing

@testable import OnexTopics

/// The repository's own contracts, and small ones made up.
enum CatalogueScene {
  static let root = "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")

  static func repository() throws -> TopicCatalogue {
    let contracts = ContractDirectory.load(root + "/contracts")
    let desired = DesiredTopics(directory: root + "/contracts", contracts: contracts)
    try #require(desired.problems.isEmpty, "\(desired.problems)")
    return TopicCatalogue(topics: desired.topics, contracts: contracts.contracts)
  }

  static func catalogue(_ topics: [TopicDeclaration], _ contracts: [HandlerContract] = []) -> TopicCatalogue {
    TopicCatalogue(topics: DesiredTopics(topics, contracts: contracts).topics, contracts: contracts)
  }

  static func topic(
    _ name: String, configuration: [String: String] = [:], owner: String? = nil, description: String? = nil, dlq: Bool = false
  ) throws -> TopicDeclaration {
    TopicDeclaration(
      name: try TopicName(name), partitions: 3, replicationFactor: 2, configuration: configuration, owner: owner,
      description: description, hasDeadLetters: dlq)
  }

  static func handler(
    _ name: String, _ kind: HandlerKind, operations: HandledOperations? = nil, settings: OperationSettings = OperationSettings(),
    reads: [String] = [], writes: [String] = []
  ) throws -> HandlerContract {
    HandlerContract(
      name: name, handlerClass: try #require(HandlerClass("M.T")), kind: kind, operations: operations ?? .prefix(name),
      settings: settings,
      eventBus: ContractEventBus(
        subscribeTopics: try reads.map { try TopicName($0) }, publishTopics: try writes.map { try TopicName($0) })
    )
  }

  static func schema(_ value: JSONValue) throws -> JSONSchema { try JSONSchema.compile(value) }
}
