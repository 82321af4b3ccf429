import OnexCore
import OnexYAML

/// One topic as `contracts/topics/*.yaml` declares it.
public struct TopicDeclaration: Sendable, Hashable {
  public let name: TopicName
  public let partitions: Int
  public let replicationFactor: Int
  public let configuration: [String: String]
  public let owner: String?
  /// What it is for, in a sentence.
  public let description: String?
  /// Once it exists its partitions and settings change only where an operator says so.
  public let isProtected: Bool
  /// `cloudevents: binary`: records carry CloudEvents headers.
  public let hasCloudEvents: Bool
  /// Also declares the dead-letter twin.
  public let hasDeadLetters: Bool
  /// No file declares it; a handler's contract names it. It has to exist, and whatever it is like is fine: its counts are for making it.
  public let isImplied: Bool
  public let file: String
  public let line: Int
  public let column: Int

  public init(
    name: TopicName, partitions: Int, replicationFactor: Int, configuration: [String: String] = [:], owner: String? = nil,
    description: String? = nil, isProtected: Bool = false, hasCloudEvents: Bool = false, hasDeadLetters: Bool = false,
    isImplied: Bool = false, file: String = "", line: Int = 1, column: Int = 1
  ) {
    self.name = name
    self.partitions = partitions
    self.replicationFactor = replicationFactor
    self.configuration = configuration
    self.owner = owner
    self.description = description
    self.isProtected = isProtected
    self.hasCloudEvents = hasCloudEvents
    self.hasDeadLetters = hasDeadLetters
    self.isImplied = isImplied
    self.file = file
    self.line = line
    self.column = column
  }

  /// The topic for records that could not be processed: as many partitions and replicas, room for the original with its headers,
  /// and time for somebody to look.
  var deadLetters: TopicDeclaration? {
    guard hasDeadLetters, let twin = try? TopicName(Topics.deadLetters(of: name.description)) else { return nil }
    var configuration = configuration
    configuration["retention.ms"] = TopicDeclaration.deadLetterRetentionMS
    if let limit = configuration["max.message.bytes"].flatMap({ Int($0) }) {
      configuration["max.message.bytes"] = String(limit * 2)
    }
    return TopicDeclaration(
      name: twin, partitions: partitions, replicationFactor: replicationFactor, configuration: configuration, owner: owner,
      isProtected: isProtected, hasCloudEvents: hasCloudEvents, file: file, line: line, column: column)
  }

  /// 30 days.
  static let deadLetterRetentionMS = "2592000000"
}
