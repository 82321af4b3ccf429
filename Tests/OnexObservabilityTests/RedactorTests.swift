import OnexCore
import Testing

@testable import OnexObservability

@Suite struct RedactorTests {
  private let redactor = Redactor()
  private var budget: DecodingBudget { DecodingBudget(.seconds(2)) }

  private static let found: [(String, String)] = [
    ("password=hunter2 next", "password=[REDACTED:secret] next"),
    ("Client-Secret : 'a b' next", "Client-Secret : '[REDACTED:secret]' next"),
    (#"{"api_key": "abc\"d", "a":1}"#, #"{"api_key": "[REDACTED:secret]", "a":1}"#),
    (#"{\"accessToken\":\"abc\",\"a\":1}"#, #"{\"accessToken\":\"[REDACTED:secret]\",\"a\":1}"#),
    ("Authorization: Bearer abc.def\nnext", "Authorization: [REDACTED:secret]\nnext"),
    ("Set-Cookie: a=1; b=2", "Set-Cookie: [REDACTED:secret]"),
    ("GET /?token=abc&x=1", "GET /?token=[REDACTED:secret]&x=1"),
    ("postgresql://u:p4ss@host/db", "postgresql://u:[REDACTED:secret]@host/db"),
    ("used Bearer abcdefghij0123456789xyz= there", "used Bearer [REDACTED:bearer] there"),
    ("tok eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF_-1 end", "tok [REDACTED:jwt] end"),
    ("mail joe.bloggs+x@example.co.uk, ok", "mail [REDACTED:email], ok"),
    ("käse <joe@example.com>", "käse <[REDACTED:email]>"),
    ("call +49 30 1234567 now", "call [REDACTED:phone] now"),
    ("call (555) 123-4567 or 555-123-4567.", "call [REDACTED:phone] or [REDACTED:phone]."),
    ("key AKIAIOSFODNN7EXAMPLE.", "key [REDACTED:aws_key]."),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [REDACTED:secret]"),
    ("sk-proj-abcdefghij0123456789 x", "[REDACTED:api_key] x"),
    ("ghp_abcdefghij0123456789 x", "[REDACTED:api_key] x"),
    ("github_pat_11ABCDEFG0123456789_x y", "[REDACTED:api_key] y"),
    ("xoxb-123456789012-abc x", "[REDACTED:api_key] x"),
    (
      "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nx", "[REDACTED:private_key]\nx"
    ),
  ]

  @Test(arguments: found)
  func whatMustNotBeStoredIsReplacedAndTheRestStays(_ text: String, _ expected: String) {
    #expect(redactor.redacted(text) == expected)
    #expect(redactor.redacted(expected) == nil, "a second time changes nothing")
  }

  @Test(arguments: [
    "max_tokens: 100", "2026-11-21T03:48:54.123+01:00", "5f3c1b2a-1234-4567-8901-123456789012", "1732161600123",
    "10.123.456.7890",
    "token: null", "has_password = false", "basic understanding of tokens", "snake_case = 5", "a@b", "pkg@1.2.3", "password:",
    "bearer of very goodnewsfromafar", "https://host:8080/path@x", "", "@", ":", "=", "+", "(", "eyJ",
    "-----BEGIN CERTIFICATE-----",
  ])
  func ordinaryTextStaysAsItIs(_ text: String) { #expect(redactor.redacted(text) == nil) }

  @Test func membersWithASecretsNameGoAsAWhole() throws {
    let value: JSONValue = [
      "headers": ["Authorization": "x", "Accept": "y"], "credentials": ["user": "a", "pass": "b"], "pin_token": 12,
      "has_token": true,
      "list": ["a", "b@example.com"], "joe@example.com": 1,
    ]
    let expected: JSONValue = [
      "headers": ["Authorization": "[REDACTED:secret]", "Accept": "y"], "credentials": "[REDACTED:secret]",
      "pin_token": "[REDACTED:secret]", "has_token": true, "list": ["a", "[REDACTED:email]"], "[REDACTED:email]": 1,
    ]
    #expect(try redactor.redacted(value, budget) == expected)
    #expect(try redactor.redacted(expected, budget) == nil)
  }

  @Test func pairsOfANameAndAValueAreUnderstood() throws {
    let value: JSONValue = [
      "env": [["name": "DB_PASSWORD", "value": "hunter2"], ["name": "HOME", "value": "/root"]],
      "headers": [["Authorization", "Bearer x1"], ["Accept", "*/*"]], "columns": ["password", "email"],
      "tokens": ["in": 812, "out": 93], "total_tokens": 905, "secrets": ["a1"], "apiKeys": "b2", "phone": "030 1234567",
      "mobile": 5_551_234_567, "iphone": 15,
    ]
    let expected: JSONValue = [
      "env": [["name": "DB_PASSWORD", "value": "[REDACTED:secret]"], ["name": "HOME", "value": "/root"]],
      "headers": [["Authorization", "[REDACTED:secret]"], ["Accept", "*/*"]], "columns": ["password", "email"],
      "tokens": ["in": 812, "out": 93], "total_tokens": 905, "secrets": "[REDACTED:secret]", "apiKeys": "[REDACTED:secret]",
      "phone": "[REDACTED:phone]", "mobile": "[REDACTED:phone]", "iphone": 15,
    ]
    #expect(try redactor.redacted(value, budget) == expected)
  }

  @Test func membersStayApartWhenTheirNamesAreReplaced() throws {
    let redacted = try #require(try redactor.redacted(["a@example.com": 1, "b@example.com": 2], budget)?.object)
    #expect(redacted.count == 2 && Set(redacted.members.map(\.name)).count == 2)
  }

  /// Pieces of what is found, cut and put together anyhow: what comes after a piece that looks like a secret is still read.
  @Test func anyTextIsReadToItsEnd() {
    var random = SystemRandomNumberGenerator()
    let pieces = RedactorTests.found.flatMap { [$0.0, $0.1] } + ["\"", "\\", "'", ":", "=", "@", "é", " ", "\n", "-----", "://"]
    for _ in 0..<5000 {
      let text = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        pieces.randomElement(using: &random).map { $0.prefix(Int.random(in: 1...30, using: &random)) } ?? ""
      }.joined()
      let end = "\n\"\n'\n\" last@example.com"
      #expect(!(redactor.redacted(text + end) ?? text + end).contains("last@example.com"), "\(text)")
    }
  }

  @Test func theScopeSaysWhichColumnsAreLookedThrough() throws {
    let event = Events.action(
      1,
      [
        "result": "a@example.com", "error_message": "b@example.com", "agent_name": "c@example.com",
        "action_name": .string("curl --token hunter2-\(String(repeating: "x", count: 225))"),
        "metadata": ["x": "d@example.com"],
      ])
    func row(_ scope: RedactionScope) throws -> Row {
      try Events.decode(event, for: .agentActions, DecodingPolicy(redaction: scope)).get()
    }
    let mark = Row.Value.text("[REDACTED:email]")
    let all = try row(.everything)
    #expect(all.value("result") == mark && all.value("error_message") == mark && all.metadataJSON == ["x": "[REDACTED:email]"])
    #expect(all.value("agent_name") == .text("c@example.com"), "a name is no free text")
    #expect(all.value("action_name") == .text("curl --token [REDACTED:secret]"), "a command line is")
    let some = try row(.columns(["result"]))
    #expect(some.value("result") == mark && some.value("error_message") == .text("b@example.com"))
    #expect(some.metadataJSON == ["x": "d@example.com"])
    #expect(try row(.nothing).value("result") == .text("a@example.com"))
  }
}
