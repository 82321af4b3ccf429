import OnexCore
import Testing

@testable import OnexObservability

/// The work of redaction and decoding grows with the event and not faster. Work is counted in steps, not in time.
@Suite struct RedactionCostTests {
  private static let units = [
    "token=[", "sk-", "eyJ.", "eyJa.", "authorization: [REDACTED:", "://", "x://u:", "x://u:p@", "x://u:***@", "x://1@", "a@",
    "a@b.",
    "@", "%40", "+1 ", "+49 30 ", "4111 ", "DE89 ", "-----BEGIN PRIVATE KEY", "-----BEGIN ", "password:\n", "password=",
    "\"password\":\"", "\"password\":[\"", "\"tokens\":[", "\\", "\\\"password\\\":", "[\"password\",", "<password>",
    "<token>null",
    "--password ", "-u a:", "mysql -p", "\"name\":\"password\",\"value\":", "Bearer ", "Basic ", "cookie: a=", "'", "\"", "é@",
    "hooks.slack.com/services/", "token='[REDACTED:", "password \"", "a:b@tcp(", "PuTTY-User-Key-File-",
    "authorization: digest a=\"",
    "pass:", "xoxb-", "SG.", "key-", "password: |\n a", "password: |\n  ", "<password><![CDATA[", "password=a\"", "password=${A}",
    "\\u0070assword:", "%3D", "password%3D", "password=b'", "authorization:\n bearer\n", "bearer\n",
  ]

  @Test(arguments: units)
  func noTextIsReadAheadMoreThanOnce(_ unit: String) {
    for count in [4096, 8192, 16384] {
      let text = String(repeating: unit, count: count / unit.utf8.count)
      var lookedAhead = 0
      _ = Redactor().redacted(text, lookedAhead: &lookedAhead)
      #expect(lookedAhead <= 2 * text.utf8.count, "\(unit)")
    }
  }

  /// Names that become the same mark each cost one look in a table, so that twice as many cost twice as much.
  @Test func namesThatBecomeOneMarkStayApart() throws {
    for count in [1500, 3000, 6000] {
      let object = JSONObject((0..<count).map { ("user\($0)@example.com", JSONValue.integer($0)) })
      let budget = DecodingBudget(.seconds(2), spent: { .zero })
      let redacted = try #require(try Redactor().redacted(object, budget))
      #expect(Set(redacted.members.map(\.name)).count == count)
      let longest = redacted.members.map(\.name.utf8.count).max() ?? 0
      #expect(longest <= "[REDACTED:email]#".utf8.count + 4, "a name does not grow with the number of its likes")
    }
  }

  @Test func aMarkThatTheEventBringsKeepsItsMember() throws {
    let object: JSONValue = ["[REDACTED:email]": 1, "[REDACTED:email]#2": 2, "a@example.com": 3, "b@example.com": 4]
    let redacted = try #require(try Redactor().redacted(object, DecodingBudget(.seconds(2)))?.object)
    #expect(
      redacted.members.map(\.name) == ["[REDACTED:email]", "[REDACTED:email]#2", "[REDACTED:email]#3", "[REDACTED:email]#4"])
  }

  @Test func unknownFieldsByTheThousandAreKept() throws {
    let names = (0..<20_000).map { "field_\($0)" }
    var members = try #require(try JSONValue.parse(Events.action()).object).members.map { ($0.name, $0.value) }
    members += names.map { ($0, JSONValue.boolean(true)) }
    members.append(("metadata", ["extra": .object(JSONObject(names.map { ($0, .boolean(false)) }))]))
    let row = try Events.decode(JSONValue.object(JSONObject(members)).encoded()).get()
    let extra = row.metadataJSON?["extra"]?.object
    #expect(extra?.count == 20_000 && extra?.members.allSatisfy { $0.value == true } == true, "the event's own field wins")
  }

  @Test func anEventWithTooManyMembersIsRefused() {
    let policy = DecodingPolicy(membersMax: 100)
    for metadata: JSONValue in [
      .object(JSONObject((0..<101).map { ("m\($0)", 1) })),
      .array((0..<101).map { .object(JSONObject([("m\($0)", 1)])) }),
    ] {
      guard case .failure(let bad) = Events.decode(Events.action(1, ["surprise": metadata]), for: .agentActions, policy) else {
        Issue.record("it is accepted")
        continue
      }
      #expect(bad.cause == .tooManyMembers && bad.code == "PAYLOAD_TOO_LARGE" && bad.correlationID != nil)
    }
  }

  @Test func anEventThatTakesTooLongIsRefused() {
    let clock = ProcessorTime()
    var decoder = RowDecoder(DecodingPolicy(timeMax: .seconds(1)))
    let metadata = JSONValue.object(JSONObject((0..<200).map { ("m\($0)", .string(String(repeating: "a", count: 1024))) }))
    #expect(throws: BadRow.self) {
      try decoder.decode(
        Events.record(0, value: Events.action(1, ["metadata": metadata])), for: .agentActions, receivedAt: Events.receivedAt,
        spent: { clock.next() })
    }
    do throws(BadRow) {
      _ = try decoder.decode(
        Events.record(0, value: Events.action(1, ["metadata": metadata])), for: .agentActions, receivedAt: Events.receivedAt,
        spent: { clock.next() })
    } catch {
      #expect(error.cause == .tooSlow && error.code == "DECODING_TIMEOUT")
    }
  }

  /// Every look finds that a second has passed.
  private final class ProcessorTime {
    private var now: Duration = .zero

    func next() -> Duration {
      now += .seconds(1)
      return now
    }
  }
}
