import OnexCommandLine
import OnexCore
import OnexJSON

/// One log line, bounded. Values are cut first; a line that is still too long loses its last fields and says so.
enum LogLine {
  /// Of one value; a stack of them still fits a line.
  static let valueBytesMax = 1024

  private static let reserved: Set<String> = ["ts", "level", "logger", "message"]

  static func json(_ entry: LogEntry, at time: Timestamp) -> [UInt8] {
    let fields = effective(entry.fields)
    for kept in stride(from: fields.count, through: 0, by: -1) {
      let line = json(entry, at: time, fields: fields.prefix(kept), dropped: fields.count - kept)
      if line.count <= LogOutput.lineBytesMax || kept == 0 { return line }
    }
    preconditionFailure("a line without fields was returned above")
  }

  static func text(_ entry: LogEntry, at time: Timestamp) -> [UInt8] {
    var line = "\(time.rfc3339) \(name(of: entry.level)) \(entry.label): \(entry.message)"
    for field in effective(entry.fields) {
      let next = " \(field.name)=\(quoted(plain(field.value)))"
      guard line.utf8.count + next.utf8.count < LogOutput.lineBytesMax - 4 else {
        line += " …"
        break
      }
      line += next
    }
    return Array((line + "\n").utf8)
  }

  private static func json(
    _ entry: LogEntry, at time: Timestamp, fields: ArraySlice<(name: String, value: LogValue)>, dropped: Int
  ) -> [UInt8] {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    writer.name("ts")
    writer.timestamp(time)
    writer.name("level")
    writer.string(name(of: entry.level))
    writer.name("logger")
    writer.string(entry.label)
    writer.name("message")
    writer.string(entry.message.description)
    for field in fields {
      writer.name(field.name)
      write(field.value, to: &writer)
    }
    if dropped > 0 {
      writer.name("fields_dropped")
      writer.integer(Int64(dropped))
    }
    writer.endObject()
    return writer.finish().array + [UInt8(ascii: "\n")]
  }

  /// Redacted and cut; of fields with one name the last counts, and none takes the place of the line's own.
  private static func effective(_ fields: [LogField]) -> [(name: String, value: LogValue)] {
    var result: [(name: String, value: LogValue)] = []
    for field in fields {
      let plainName = field.name.description
      let name = reserved.contains(plainName) ? "field_\(plainName)" : plainName
      let value = cut(LogRedaction.shown(field))
      if let known = result.firstIndex(where: { $0.name == name }) {
        result[known].value = value
      } else {
        result.append((name, value))
      }
    }
    return result
  }

  private static func cut(_ value: LogValue) -> LogValue {
    guard case .string(let text) = value, text.utf8.count > valueBytesMax else { return value }
    return .string(String(decoding: text.utf8.prefix(valueBytesMax), as: UTF8.self) + "…")
  }

  private static func write(_ value: LogValue, to writer: inout JSONWriter) {
    switch value {
    case .string(let text): writer.string(text)
    case .integer(let number): writer.integer(number)
    case .double(let number): writer.value(JSONValue.double(number) ?? .null)
    case .boolean(let flag): writer.boolean(flag)
    }
  }

  private static func plain(_ value: LogValue) -> String {
    switch value {
    case .string(let text): text
    case .integer(let number): String(number)
    case .double(let number): "\(number)"
    case .boolean(let flag): flag ? "true" : "false"
    }
  }

  /// Quoted where a blank, a quote or a control character would make the line ambiguous.
  private static func quoted(_ text: String) -> String {
    let needsQuotes = text.isEmpty || text.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") }
    // JSON leaves DEL, C1 and bidirectional marks as they are; a terminal that shows the log would act on them.
    return PrintableText.of(needsQuotes ? JSONValue.string(text).encoded().text : text)
  }

  static func name(of level: LogLevel) -> String {
    switch level {
    case .debug: "DEBUG"
    case .info: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    }
  }
}
