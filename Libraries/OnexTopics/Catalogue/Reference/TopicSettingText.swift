import OnexCore

/// A topic's settings in words.
enum TopicSettingText {
  /// How long records are kept: `7 days`, `7 days or 1 GiB a partition`, `compacted`.
  static func retention(_ topic: TopicDeclaration) -> String {
    let policies = policies(topic)
    var words: [String] = []
    if policies.isEmpty || policies.contains("delete") {
      let limits = [
        topic.configuration["retention.ms"].map(duration),
        topic.configuration["retention.bytes"].map { bytes($0) + " a partition" },
      ].compactMap { $0 }
      words.append(limits.isEmpty ? "the broker's" : limits.joined(separator: " or "))
    }
    if policies.contains("compact") { words.append("compacted") }
    return words.joined(separator: ", ")
  }

  static func messageSize(_ topic: TopicDeclaration) -> String {
    topic.configuration["max.message.bytes"].map(bytes) ?? "the broker's"
  }

  /// What `cleanup.policy` lists.
  static func policies(_ topic: TopicDeclaration) -> [String] {
    (topic.configuration["cleanup.policy"] ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }.sorted()
  }

  private static let durations: [(milliseconds: Int, name: String)] = [
    (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"),
  ]

  /// Milliseconds in the largest unit that leaves nothing over; Kafka's -1 is without an end. What is no number stays as it is.
  static func duration(_ milliseconds: String) -> String {
    guard let value = Int(milliseconds) else { return milliseconds }
    guard value >= 0 else { return "for ever" }
    let unit = durations.first { value > 0 && value % $0.milliseconds == 0 }
    let count = unit.map { value / $0.milliseconds } ?? value
    return "\(count) \(unit?.name ?? "millisecond")" + (count == 1 ? "" : "s")
  }

  static func bytes(_ text: String) -> String {
    guard let value = Int(text) else { return text }
    guard value >= 0 else { return "without limit" }
    for (shift, name) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] where value > 0 && value % (1 << shift) == 0 {
      return "\(value >> shift) \(name)"
    }
    return "\(value) bytes"
  }
}
