import OnexCore
import OnexYAML

/// One topic as `contracts/topics/*.yaml` declares it.
public struct TopicDeclaration: Sendable, Hashable {
  public let name: TopicName
  public let partitions: Int
  public let replicationFactor: Int
  public let configuration: [String: String]
  /// Settings that are made and compared on a broker that knows them only: older and other brokers refuse a topic whose settings they
  /// do not know.
  public let configurationWhereKnown: [String: String]
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
    name: TopicName, partitions: Int, replicationFactor: Int, configuration: [String: String] = [:],
    configurationWhereKnown: [String: String] = [:], owner: String? = nil, description: String? = nil, isProtected: Bool = false,
    hasCloudEvents: Bool = false, hasDeadLetters: Bool = false,
    isImplied: Bool = false, file: String = "", line: Int = 1, column: Int = 1
  ) {
    self.name = name
    self.partitions = partitions
    self.replicationFactor = replicationFactor
    self.configuration = configuration
    self.configurationWhereKnown = configurationWhereKnown
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
  /// and time for somebody to look. It deletes by age whatever its topic does: compaction would refuse letters without a key, and
  /// keep only the last letter of each key. A setting that is about compaction is not taken over either.
  ///
  /// - Throws: when the twin's name is too long for a topic. `nil` when the topic has no twin.
  func deadLetters() throws(TopicName.Invalid) -> TopicDeclaration? {
    guard hasDeadLetters else { return nil }
    let twin = try TopicName(Topics.deadLetters(of: name.description))
    var configuration = configuration.filter { !TopicDeclaration.isAboutCompaction($0.key) }
    if self.configuration["cleanup.policy"] != nil { configuration["cleanup.policy"] = "delete" }
    configuration["retention.ms"] = TopicDeclaration.deadLetterRetentionMS
    if let limit = configuration["max.message.bytes"].flatMap({ Int($0) }) {
      let (double, isTooLarge) = limit.multipliedReportingOverflow(by: 2)
      configuration["max.message.bytes"] = String(isTooLarge ? Int(Int32.max) : min(double, Int(Int32.max)))
    }
    return TopicDeclaration(
      name: twin, partitions: partitions, replicationFactor: replicationFactor, configuration: configuration,
      configurationWhereKnown: configurationWhereKnown, owner: owner,
      isProtected: isProtected, hasCloudEvents: hasCloudEvents, file: file, line: line, column: column)
  }

  private static func isAboutCompaction(_ setting: String) -> Bool {
    setting.hasPrefix("min.compaction.") || setting.hasPrefix("max.compaction.") || setting == "delete.retention.ms"
      || setting == "min.cleanable.dirty.ratio"
  }

  /// 30 days.
  static let deadLetterRetentionMS = "2592000000"
}
