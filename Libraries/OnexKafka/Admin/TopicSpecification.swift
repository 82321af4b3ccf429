/// A topic that is to be made.
public struct TopicSpecification: Sendable, Hashable {
  public var name: String
  public var partitions: Int32
  public var replicationFactor: Int32
  public var configuration: [String: String]

  public init(name: String, partitions: Int32, replicationFactor: Int32, configuration: [String: String] = [:]) {
    self.name = name
    self.partitions = partitions
    self.replicationFactor = replicationFactor
    self.configuration = configuration
  }
}
