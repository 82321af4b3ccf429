import OnexCore

/// Who reads or writes topics.
struct TopicParticipant: Hashable, Sendable {
  enum Role: Hashable, Sendable {
    /// A process of the runtime; `group` is its default consumer group when it reads.
    case service(group: String?)
    /// A handler that a contract describes, and the service it runs in.
    case handler(HandlerKind, service: String)
    /// Programs that are no part of the runtime.
    case outside
  }

  let name: String
  let role: Role

  var isService: Bool {
    if case .service = role { true } else { false }
  }

  /// The service that it is or runs in.
  var host: String? {
    switch role {
    case .service: name
    case .handler(_, let service): service
    case .outside: nil
    }
  }
}
