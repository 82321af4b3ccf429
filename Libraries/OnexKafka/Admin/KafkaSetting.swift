/// One setting of a topic or a broker, as the broker describes it.
public struct KafkaSetting: Sendable, Hashable {
  /// Where the value comes from (KIP-226).
  public enum Source: Sendable, Hashable {
    /// Set on this topic, by whomever.
    case topic
    /// Set on brokers, dynamically or in their files.
    case broker
    case standard
    /// The broker is too old to say.
    case unknown
  }

  public let name: String
  /// `nil` when the broker keeps it secret.
  public let value: String?
  public let source: Source
  public let isReadOnly: Bool
  public let isSensitive: Bool

  public init(_ name: String, _ value: String?, source: Source, isReadOnly: Bool = false, isSensitive: Bool = false) {
    self.name = name
    self.value = value
    self.source = source
    self.isReadOnly = isReadOnly
    self.isSensitive = isSensitive
  }
}
