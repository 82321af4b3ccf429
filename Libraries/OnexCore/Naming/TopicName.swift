/// A valid Kafka topic name: 1 to 249 characters of `[a-zA-Z0-9._-]`, neither `.` nor `..` (Kafka's own rule). Names that begin
/// with `onex.` must also be platform names: `onex.<kind>.<producer>.<event-name>.v<n>`.
public struct TopicName: Sendable, Hashable, CustomStringConvertible {
  public struct Invalid: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  public static let charactersMax = 249
  public static let platformKinds = ["evt", "cmd", "intent", "snapshot"]

  public let description: String

  public init(_ name: String) throws(Invalid) {
    let length = name.utf8.count
    guard length >= 1, length <= TopicName.charactersMax, name != ".", name != ".." else {
      throw Invalid(description: "a topic name has 1 to \(TopicName.charactersMax) characters and is neither . nor ..")
    }
    guard name.utf8.allSatisfy(TopicName.isAllowed) else {
      throw Invalid(description: "a topic name consists of letters, digits, '.', '_' and '-'")
    }
    if name.hasPrefix("onex.") { try TopicName.checkPlatform(name) }
    description = name
  }

  private static func checkPlatform(_ name: String) throws(Invalid) {
    let isDeadLetter = name.hasSuffix(".dlq")
    let plain = isDeadLetter ? name.dropLast(4) : name[...]
    let segments = plain.split(separator: ".", omittingEmptySubsequences: false)
    guard segments.count == 5, platformKinds.contains(String(segments[1])), segments[2...3].allSatisfy(isWord),
      isVersion(segments[4])
    else {
      throw Invalid(
        description: "a topic under onex. is named onex.<\(platformKinds.joined(separator: "|"))>.<producer>.<event-name>.v<n>")
    }
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, 45, 46, 95: true
    default: false
    }
  }

  private static func isWord(_ segment: Substring) -> Bool {
    !segment.isEmpty && segment.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
  }

  private static func isVersion(_ segment: Substring) -> Bool {
    guard segment.first == "v", let number = Int(segment.dropFirst()) else { return false }
    return number > 0 && segment.dropFirst().first != "0" && segment.dropFirst().first != "+"
  }
}
