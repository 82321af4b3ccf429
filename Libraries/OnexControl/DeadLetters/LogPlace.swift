import OnexCommandLine
import OnexCore

/// Where a record lies, written as `requests.dlq[2]@17`.
struct LogPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
  static let form = "topic[partition]@offset, such as requests.dlq[2]@17"

  let partition: TopicPartition
  let offset: Int64

  var topic: String { partition.topic }

  init(_ partition: TopicPartition, _ offset: Int64) {
    self.partition = partition
    self.offset = offset
  }

  init(_ record: ConsumedRecord) { self.init(record.source, record.offset) }

  /// `nil` for anything but the written form.
  init?(_ text: String) {
    guard let at = text.lastIndex(of: "@"), let bracket = text.lastIndex(of: "["), bracket < at,
      text[..<at].hasSuffix("]"), bracket > text.startIndex,
      let partition = LogPlace.number(text[text.index(after: bracket)..<text.index(before: at)], Int32.self),
      let offset = LogPlace.number(text[text.index(after: at)...], Int64.self)
    else { return nil }
    self.init(TopicPartition(String(text[..<bracket]), partition), offset)
  }

  init(typed text: String) throws(ArgumentSet.Misuse) {
    guard let place = LogPlace(text) else {
      throw ArgumentSet.Misuse(message: "\"\(text)\" is no place; a place is \(LogPlace.form)")
    }
    self = place
  }

  /// Digits alone: a sign belongs to no partition and to no offset.
  static func number<Number: FixedWidthInteger>(_ text: some StringProtocol, _: Number.Type) -> Number? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Number(text)
  }

  var description: String { "\(partition)@\(offset)" }

  static func < (left: LogPlace, right: LogPlace) -> Bool {
    (left.partition, left.offset) < (right.partition, right.offset)
  }
}
