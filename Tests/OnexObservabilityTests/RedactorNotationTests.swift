import OnexCore
import Testing

@testable import OnexObservability

/// The same secret as programs, shells and documents write it.
@Suite struct RedactorNotationTests {
  private static let mark = "[REDACTED:secret]"
  private let redactor = Redactor()

  @Test(arguments: [
    ("Authorization:\n  Bearer abc.def\nnext", "Authorization:\n  \(mark)\nnext"),
    ("Authorization: Bearer\n abc.d3f\nnext", "Authorization: \(mark)\nnext"),
    (#"{"pass\u0077ord": "hunter2", "a": 1}"#, #"{"pass\u0077ord": "\#(mark)", "a": 1}"#),
    (#"{\"p\\u0061ssword\":\"hunter2\",\"a\":1}"#, #"{\"p\\u0061ssword\":\"\#(mark)\",\"a\":1}"#),
    ("password = b'hunter2', x", "password = b'\(mark)', x"),
    (#"{"password": rb"hunter2"}"#, #"{"password": rb"\#(mark)"}"#),
    (#"password=a"b c"d --next"#, "password=\(mark) --next"),
    (#"curl "https://h/?token=abc1" -v"#, #"curl "https://h/?token=\#(mark)" -v"#),
    (#"{"url":"h?token=abc1","user":"x"}"#, #"{"url":"h?token=\#(mark)","user":"x"}"#),
    ("password=${PREFIX}hunter2 x", "password=${PREFIX}\(mark) x"),
    ("postgres://u:${P}abc1@h/db", "postgres://u:\(mark)@h/db"),
    ("<password><![CDATA[hunt<er2]]></password>", "<password><![CDATA[\(mark)]]></password>"),
    ("url=a%3Fpassword%3Dhunter2&b=1", "url=a%3Fpassword%3D\(mark)&b=1"),
    ("db:\n  password: |\n    hunter2\n    more\n  user: ada", "db:\n  password: |\n    \(mark)\n  user: ada"),
    ("- token: >-\n    hunter2", "- token: >-\n    \(mark)"),
  ])
  func aSecretIsFoundInEveryNotation(_ text: String, _ expected: String) {
    #expect(redactor.redacted(text) == expected)
    #expect(redactor.redacted(expected) == nil, "a second time changes nothing")
  }

  @Test(arguments: [
    "password=${DB_PASSWORD}", "password=${DB_PASSWORD}/x", "postgres://u:${P}@h/db", "password: |\nnext: 1", #"\u0077ord: x"#,
    "<password><![CDATA[]]></password>", "bearer\nof news", "a%3Db", #"name\u00e9: value"#, #"\\\\: x"#, #"\u: x"#,
  ])
  func whatIsNoSecretStays(_ text: String) { #expect(redactor.redacted(text) == nil) }
}
