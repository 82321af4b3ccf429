/// A consumer group's name: `{environment}.{service}.{component}.{purpose}.{version}`, lower case (WIRE "Topics").
public enum ConsumerGroupName {
  public enum Purpose: String, Sendable, CaseIterable { case consume, introspection, replay, audit, backfill }

  /// Kafka stores a group id with a 16-bit length; brokers and tools agree on 255.
  public static let bytesMax = 255

  /// Over 255 bytes the name is cut and ends in `-` and the first eight hex digits of the SHA-256 of the whole, so that two
  /// long names stay two groups.
  public static func make(
    environment: String, service: String, component: String, purpose: Purpose, version: String
  ) -> String {
    let segments = [environment, service, component, purpose.rawValue, version]
    return bounded(segments.map { $0.lowercased() }.joined(separator: "."))
  }

  static func bounded(_ name: String) -> String {
    guard name.utf8.count > bytesMax else { return name }
    let suffix = "-" + SHA256.hex(of: Bytes(name)).prefix(8)
    var cut = name
    while cut.utf8.count + suffix.utf8.count > bytesMax { cut.removeLast() }
    return cut + suffix
  }
}
