import OnexCore

/// Every declared topic and who reads and writes it. The same declarations and contracts give the same catalogue, in the same order.
struct TopicCatalogue: Sendable {
  /// By name, dead-letter twins included.
  let topics: [TopicDeclaration]
  /// Handlers by name.
  let handlers: [HandlerContract]
  /// Services, handlers by name, the outside.
  let participants: [TopicParticipant]
  /// By participant, direction and topic; only to topics that are declared.
  let links: [TopicLink]
  private let names: Set<String>

  init(topics declared: [String: TopicDeclaration], contracts: [HandlerContract]) {
    topics = declared.values.sorted { $0.name.description < $1.name.description }
    let names = Set(declared.keys)
    self.names = names
    handlers = contracts.sorted { $0.name < $1.name }
    let hosted = handlers.map { contract in
      ServiceTopics(
        participant: TopicParticipant(
          name: contract.name, role: .handler(contract.kind, service: ServiceTopics.host(of: contract.kind))),
        reads: contract.eventBus.subscribeTopics.map(\.description), writes: contract.eventBus.publishTopics.map(\.description))
    }
    let all = ServiceTopics.services + hosted + ServiceTopics.outside
    participants = all.map(\.participant)
    links = all.flatMap { TopicCatalogue.links(of: $0, declared: names) }
  }

  private static func links(of topics: ServiceTopics, declared: Set<String>) -> [TopicLink] {
    func link(_ direction: TopicLink.Direction, _ names: [String]) -> [TopicLink] {
      Set(names).intersection(declared).sorted()
        .map { TopicLink(participant: topics.participant, direction: direction, topic: $0) }
    }
    // Only services give records up; what a handler refuses is its service's to put away.
    let letters = topics.participant.isService ? topics.reads.map(Topics.deadLetters) : []
    return link(.reads, topics.reads) + link(.writes, topics.writes) + link(.deadLetters, letters)
  }

  func links(_ direction: TopicLink.Direction, _ topic: String) -> [TopicParticipant] {
    links.filter { $0.direction == direction && $0.topic == topic }.map(\.participant)
  }

  /// The topic whose dead letters this one holds.
  func original(ofTwin topic: TopicDeclaration) -> String? {
    let name = topic.name.description
    let suffix = Topics.deadLetters(of: "")
    guard name.hasSuffix(suffix) else { return nil }
    let original = String(name.dropLast(suffix.count))
    return names.contains(original) ? original : nil
  }

  func isDeclared(_ topic: String) -> Bool { names.contains(topic) }

  func hasTwin(_ topic: TopicDeclaration) -> Bool { names.contains(Topics.deadLetters(of: topic.name.description)) }
}
