/// The catalogue as a drawing, in whatever notation. Topics that nobody reads or writes are left out: lines are what it shows.
struct TopicGraph {
  enum Format: String, CaseIterable { case mermaid, dot }

  /// A service with the handlers that run in it.
  struct Group {
    let service: TopicParticipant
    let handlers: [TopicParticipant]
  }

  let groups: [Group]
  let outside: [TopicParticipant]
  let topics: [String]
  let links: [TopicLink]

  func text(_ format: Format) -> String {
    switch format {
    case .mermaid: mermaid
    case .dot: dot
    }
  }
}

extension TopicGraph {
  init(_ catalogue: TopicCatalogue) {
    // What comes from outside first: drawings are laid out from there.
    links =
      catalogue.links.filter { $0.participant.role == .outside } + catalogue.links.filter { $0.participant.role != .outside }
    topics = Set(links.map(\.topic)).sorted()
    let participants = catalogue.participants
    let linked = Set(links.map(\.participant))
    outside = participants.filter { $0.role == .outside && linked.contains($0) }
    groups = participants.filter(\.isService).compactMap { service in
      let handlers = participants.filter { $0.host == service.name && !$0.isService }
      return linked.contains(service) || !handlers.isEmpty ? Group(service: service, handlers: handlers) : nil
    }
  }
}
