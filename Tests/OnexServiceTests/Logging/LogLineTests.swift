import OnexCore
import OnexJSON
import Testing

@testable import OnexService

@Suite struct LogLineTests {
  private let time = Timestamp(microseconds: 1_795_232_934_123_456)

  private func entry(_ fields: [LogField], _ level: LogLevel = .info) -> LogEntry {
    LogEntry(level: level, label: "runtime-worker", message: "lane paused", fields: fields)
  }

  private func json(_ fields: [LogField]) throws -> JSONValue {
    let line = LogLine.json(entry(fields), at: time)
    #expect(line.last == UInt8(ascii: "\n") && line.dropLast().allSatisfy { $0 != UInt8(ascii: "\n") })
    return try JSONValue.parse(Bytes(line))
  }

  @Test func aJSONLineIsOneFlatObject() throws {
    let line = LogLine.json(
      entry([LogField("topic", "requests"), LogField("partition", 3), LogField("ratio", .double(0.5)), LogField("is_idle", true)]
      ),
      at: time)
    #expect(
      String(decoding: line, as: UTF8.self) == """
        {"ts":"2026-11-21T03:48:54.123456Z","level":"INFO","logger":"runtime-worker","message":"lane paused",\
        "topic":"requests","partition":3,"ratio":0.5,"is_idle":true}

        """)
  }

  @Test func aTextLineQuotesWhatWouldBeAmbiguous() {
    let line = LogLine.text(
      entry([LogField("topic", "requests"), LogField("error", "no \"route\"\n"), LogField("empty", "")], .warning), at: time)
    #expect(
      String(decoding: line, as: UTF8.self)
        == "2026-11-21T03:48:54.123456Z WARNING runtime-worker: lane paused topic=requests error=\"no \\\"route\\\"\\n\" empty=\"\"\n"
    )
  }

  @Test func fieldsThatMayHoldSecretsAreMaskedInBothFormats() throws {
    let fields = [
      LogField("db_password", "hunter2"), LogField("Authorization", "hunter2"), LogField("clientSecret", "hunter2"),
      LogField("api_token_id", "hunter2"), LogField("tokens", 17), LogField("user", "ann"),
    ]
    let line = try json(fields)
    for name in ["db_password", "Authorization", "clientSecret", "api_token_id", "tokens"] { #expect(line[name] == "***") }
    #expect(line["user"] == "ann")
    #expect(!String(decoding: LogLine.text(entry(fields), at: time), as: UTF8.self).contains("hunter2"))
  }

  @Test func aFieldCannotTakeThePlaceOfTheLinesOwn() throws {
    let line = try json([LogField("level", "x"), LogField("ts", "y"), LogField("a", 1), LogField("a", 2)])
    #expect(line["level"] == "INFO" && line["field_level"] == "x" && line["field_ts"] == "y" && line["a"] == 2)
  }

  @Test func aLineIsNeverLongerThanAPipeTakesAtOnce() throws {
    let long = LogField("long", .string(String(repeating: "ä\"", count: 5000)))
    let control = LogField("control", .string(String(repeating: "\u{1}", count: 5000)))
    let more = (0..<9).map {
      LogField(["a", "b", "c", "d", "e", "f", "g", "h", "i"][$0], .string(String(repeating: "z", count: 900)))
    }
    for fields in [[long], [control], more, [long, control] + more] {
      #expect(LogLine.json(entry(fields), at: time).count <= LogOutput.lineBytesMax)
      #expect(LogLine.text(entry(fields), at: time).count <= LogOutput.lineBytesMax)
    }
    #expect(try json(more)["fields_dropped"]?.integer ?? 0 > 0)
  }

  @Test func aNumberThatJSONCannotHoldIsNull() throws {
    #expect(try json([LogField("ratio", .double(.nan))])["ratio"] == .null)
  }
}
