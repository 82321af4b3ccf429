import OnexCore

/// A record that an agent sends, and what must come of it.
struct Report: Sendable {
  enum Outcome: Sendable {
    /// These columns, NULLs and what the consumer adds left out.
    case row(JSONObject)
    /// A dead letter of this code, whose reason has these words.
    case letter(code: String, reason: String)
  }

  /// Its number among all that were sent, which travels in a header.
  let tag: Int
  let table: ObservedTable
  /// Of the record: says which partition it is written to.
  let key: String
  /// `nil`: a tombstone.
  let value: Bytes?
  let outcome: Outcome

  static let tagHeader = "tag"

  var record: OutboundRecord {
    OutboundRecord(
      topic: table.topic, key: Bytes(key), value: value, headers: [RecordHeader(Report.tagHeader, Bytes(String(tag)))])
  }

  static func tag(of headers: [RecordHeader]) -> Int? {
    headers.first { $0.name == tagHeader }?.value.flatMap { Int($0.text) }
  }
}
