import OnexKafka

/// One thing to do so that the cluster becomes what is desired.
public enum TopicChange: Sendable, Hashable {
  case create(TopicSpecification)
  case grow(topic: String, from: Int, to: Int)
  /// Sorted by name; never empty.
  case configure(topic: String, [SettingChange])

  /// `old` is `nil` when the broker does not show the setting.
  public struct SettingChange: Sendable, Hashable {
    public let name: String
    public let old: String?
    public let new: String

    public init(_ name: String, old: String?, new: String) {
      self.name = name
      self.old = old
      self.new = new
    }
  }

  public var topic: String {
    switch self {
    case .create(let specification): specification.name
    case .grow(let topic, _, _), .configure(let topic, _): topic
    }
  }

  public enum Kind: String, Sendable, CaseIterable { case create, grow, configure }

  public var kind: Kind {
    switch self {
    case .create: .create
    case .grow: .grow
    case .configure: .configure
    }
  }

  /// A topic has at most one change of a kind in a plan.
  struct Identity: Hashable {
    let topic: String
    let kind: Kind
  }

  var identity: Identity { Identity(topic: topic, kind: kind) }

  /// A few words for a person.
  public var summary: String {
    switch self {
    case .create(let topic):
      let settings = topic.configuration.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      let counts = "\(Counted.words(topic.partitions, "partition")), \(Counted.words(topic.replicationFactor, "replica"))"
      return ([counts] + settings).joined(separator: ", ")
    case .grow(_, let from, let to): return "partitions \(from) → \(to)"
    case .configure(_, let settings):
      return settings.map { "\($0.name) \($0.old ?? "(not shown)") → \($0.new)" }.joined(separator: ", ")
    }
  }
}
