import OnexCommandLine
import OnexCore
import OnexJSON

/// Shows what a replay would send.
struct ReplayPreview: Sendable {
  private static let keyCharactersMax = 48

  let chosen: Set<LogPlace>
  /// One object a line instead of words.
  let isJSON: Bool

  func show(_ log: DeadLetterLog, _ terminal: Terminal) async throws(ControlFailure) {
    var left = chosen.count
    guard left > 0 else { return }
    try await log.each { records in
      for record in records where chosen.contains(LogPlace(record)) {
        terminal.print(isJSON ? ReplayPreview.json(record) : ReplayPreview.text(record))
        left -= 1
      }
      return left > 0
    }
  }

  static func text(_ record: ConsumedRecord) -> String {
    let entry = DeadLetterEntry(record)
    let key = record.key.map { String($0.text.prefix(keyCharactersMax)) } ?? "-"
    return PrintableText.of(
      "\(entry.place)  to \(entry.originalTopic ?? "-")  key \(key)  \(record.value?.count ?? 0) bytes  \(entry.code ?? "-")")
  }

  static func json(_ record: ConsumedRecord) -> String {
    let entry = DeadLetterEntry(record)
    return JSONValue.object(
      JSONObject([
        ("place", .string(entry.place.description)), ("to", DeadLetterText.string(entry.originalTopic)),
        ("key", DeadLetterText.string(record.key?.text)), ("bytes", .integer(record.value?.count ?? 0)),
        ("code", DeadLetterText.string(entry.code)),
      ])
    ).encoded().text
  }
}
