import OnexCommandLine
import OnexCore
import OnexJSON

/// One dead letter with everything that is known of it.
struct DeadLetterPage: Sendable {
  let place: LogPlace
  /// `nil` until it has been found.
  private(set) var record: ConsumedRecord?
  private(set) var state = ReplayState.open

  init(_ place: LogPlace) { self.place = place }

  mutating func add(_ record: ConsumedRecord) {
    if let marker = ReplayMarker(record) {
      if marker.place == place { state = .replayed(marker.time) }
    } else if LogPlace(record) == place {
      self.record = record
    }
  }

  static func text(_ record: ConsumedRecord, _ state: ReplayState) -> String {
    let entry = DeadLetterEntry(record)
    let own = record.headers.filter { $0.name.hasPrefix(DeadLetterHeader.prefix) }
    var lines = [
      line("place", entry.place.description), line("written", record.timestamp?.rfc3339 ?? "-"),
      line("state", state.word + (state.replayedAt.map { " " + $0.rfc3339 } ?? "")),
    ]
    if let refusal = entry.refusal { lines.append(line("cannot be replayed", refusal)) }
    lines.append(line("key", shown(record.key)))
    lines += ["", "cause:"] + headers(own)
    lines += ["", "headers of the original:"] + headers(OriginalRecord.headers(of: record))
    lines += ["", "value (\(record.value.map { "\($0.count) bytes" } ?? "none")):", value(record.value)]
    return lines.joined(separator: "\n")
  }

  private static func line(_ name: String, _ value: String) -> String { "\(name): \(PrintableText.of(value))" }

  private static func headers(_ headers: [RecordHeader]) -> [String] {
    guard !headers.isEmpty else { return ["  (none)"] }
    return headers.map { "  " + PrintableText.of("\($0.name): \(shown($0.value))") }
  }

  private static func shown(_ bytes: Bytes?) -> String { bytes?.text ?? "(null)" }

  private static func value(_ value: Bytes?) -> String {
    guard let value else { return "(no value)" }
    let text = (try? JSONValue.parse(value)).map { IndentedJSON.text($0) } ?? value.text
    return PrintableText.of(text, keepsLines: true)
  }

  static func json(_ record: ConsumedRecord, _ state: ReplayState) -> String {
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    writer.name("dead_letter")
    writer.value(DeadLetterText.json(DeadLetterEntry(record), state))
    writer.name("record")
    writer.raw(Bytes(RecordText.json(record)))
    writer.endObject()
    return writer.finish().text
  }
}
