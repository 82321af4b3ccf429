import OnexCommandLine
import OnexCore
import OnexJSON

/// A record as one line.
enum RecordText {
  private static let valueCharactersMax = 200

  /// Time, place, key, and what the envelope says, or the value itself where it is none.
  static func human(_ record: ConsumedRecord) -> String {
    let time = record.timestamp?.rfc3339 ?? "-"
    let key = record.key.map { String($0.text.prefix(48)) } ?? "-"
    return PrintableText.of("\(time)  \(record.source.partition):\(record.offset)  \(key)  \(content(record))")
  }

  private static func content(_ record: ConsumedRecord) -> String {
    if let marker = ReplayMarker(record) { return "replayed \(marker.place)" }
    guard let value = record.value else { return "(no value)" }
    // A client may send the header too; the runtime appends its own behind all of the original's.
    let cause = record.headers.last { $0.name == DeadLetterHeader.errorCode }?.value?.text
    let prefix = cause.map { "\($0)  " } ?? ""
    guard let envelope = try? JSONValue.parse(value), let operation = envelope["operation"]?.string else {
      return prefix + value.text.prefix(valueCharactersMax)
    }
    guard envelope["is_response"] == true else { return prefix + "\(operation)  request" }
    guard envelope["success"] == true else { return prefix + "\(operation)  \(envelope["error"]?["code"]?.string ?? "failed")" }
    return prefix + "\(operation)  success"
  }

  /// The whole record; what is not valid UTF-8 becomes U+FFFD.
  static func json(_ record: ConsumedRecord) -> String {
    var writer = JSONWriter(capacity: 1024)
    func text(_ bytes: Bytes?, _ writer: inout JSONWriter) {
      if let bytes { writer.string(bytes.text) } else { writer.null() }
    }
    writer.beginObject()
    writer.name("topic")
    writer.string(record.source.topic)
    writer.name("partition")
    writer.integer(Int64(record.source.partition))
    writer.name("offset")
    writer.integer(record.offset)
    writer.name("timestamp")
    if let timestamp = record.timestamp { writer.timestamp(timestamp) } else { writer.null() }
    writer.name("key")
    text(record.key, &writer)
    writer.name("headers")
    writer.beginArray()
    for header in record.headers {
      writer.beginArray()
      writer.string(header.name)
      text(header.value, &writer)
      writer.endArray()
    }
    writer.endArray()
    writer.name("value")
    text(record.value, &writer)
    writer.endObject()
    return writer.finish().text
  }
}
