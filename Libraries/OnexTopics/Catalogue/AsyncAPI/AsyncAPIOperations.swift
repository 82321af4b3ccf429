import OnexCore

/// What each service receives and sends. A handler's topics are its service's: that is the process that meets the broker.
enum AsyncAPIOperations {
  static func value(_ catalogue: TopicCatalogue) -> JSONValue {
    let services = catalogue.participants.filter(\.isService)
    let linked = catalogue.links.filter { $0.participant.host != nil }
    return .sorted(
      services.flatMap { service in
        TopicLink.Direction.allCases.flatMap { direction -> [(String, JSONValue)] in
          let links = linked.filter { $0.participant.host == service.name && $0.direction == direction }
          return Dictionary(grouping: links, by: \.topic).map { topic, links in
            (name(service, direction, topic), operation(service, direction, topic, links, catalogue))
          }
        }
      })
  }

  private static func name(_ service: TopicParticipant, _ direction: TopicLink.Direction, _ topic: String) -> String {
    "\(service.name).\(action(direction)).\(topic)"
  }

  private static func action(_ direction: TopicLink.Direction) -> String { direction == .reads ? "receive" : "send" }

  private static func operation(
    _ service: TopicParticipant, _ direction: TopicLink.Direction, _ topic: String, _ links: [TopicLink],
    _ catalogue: TopicCatalogue
  ) -> JSONValue {
    var operation = JSONObject([
      ("action", .string(action(direction))), ("channel", AsyncAPIDocument.reference("channels", topic)),
      ("summary", .string(summary(service, direction))),
    ])
    let handlers = links.map(\.participant).filter { !$0.isService }.map(\.name)
    if !handlers.isEmpty {
      operation.append("description", .string("Handlers whose contracts name the topic: \(handlers.joined(separator: ", "))."))
    }
    if direction == .reads, case .service(let group?) = service.role {
      operation.append(
        "bindings",
        ["kafka": ["groupId": ["type": "string", "default": .string(group)], "bindingVersion": AsyncAPIDocument.bindingVersion]])
    }
    return .object(operation)
  }

  private static func summary(_ service: TopicParticipant, _ direction: TopicLink.Direction) -> String {
    switch direction {
    case .reads: "\(service.name) reads"
    case .writes: "\(service.name) writes"
    case .deadLetters: "\(service.name) puts away what it could not process"
    }
  }
}
