import OnexCore

/// What an environment changes of the declared topics: `contracts/topics/environments/<environment>.yaml`.
///
/// An overlay says how large a topic is and how long it keeps its records, never what it is: partitions, replicas and retention alone.
public struct TopicOverlay: Sendable, Hashable {
  /// `nil` and absent settings leave the declaration as it is.
  public struct Change: Sendable, Hashable {
    public var partitions: Int?
    public var replicationFactor: Int?
    /// `retention.ms` and `retention.bytes` alone.
    public var retention: [String: String]

    public init(partitions: Int? = nil, replicationFactor: Int? = nil, retention: [String: String] = [:]) {
      self.partitions = partitions
      self.replicationFactor = replicationFactor
      self.retention = retention
    }
  }

  public struct Entry: Sendable, Hashable {
    public let change: Change
    public let file: String
    public let line: Int
    public let column: Int

    public init(_ change: Change, file: String = "", line: Int = 1, column: Int = 1) {
      self.change = change
      self.file = file
      self.line = line
      self.column = column
    }
  }

  public static let none = TopicOverlay()

  /// For every topic.
  public let defaults: Change
  /// By name; these win over the defaults.
  public let topics: [String: Entry]

  public init(defaults: Change = Change(), topics: [String: Entry] = [:]) {
    self.defaults = defaults
    self.topics = topics
  }

  func applied(to declaration: TopicDeclaration) -> TopicDeclaration {
    let entry = topics[declaration.name.description]?.change ?? Change()
    return declaration.changed(defaults).changed(entry)
  }

  /// A twin follows its topic, which has the defaults already; only what is said of the twin itself is added.
  func applied(toTwin twin: TopicDeclaration) -> TopicDeclaration {
    topics[twin.name.description].map { twin.changed($0.change) } ?? twin
  }
}

extension TopicDeclaration {
  fileprivate func changed(_ change: TopicOverlay.Change) -> TopicDeclaration {
    TopicDeclaration(
      name: name, partitions: change.partitions ?? partitions, replicationFactor: change.replicationFactor ?? replicationFactor,
      configuration: configuration.merging(change.retention) { _, new in new },
      configurationWhereKnown: configurationWhereKnown, owner: owner,
      description: description, isProtected: isProtected,
      hasCloudEvents: hasCloudEvents, hasDeadLetters: hasDeadLetters, isImplied: isImplied, file: file, line: line, column: column
    )
  }
}
