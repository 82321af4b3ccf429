import OnexCore
import Testing

@Suite struct SchemaFormatTests {
  private func accepts(_ format: String, _ value: JSONValue) throws -> Bool {
    try JSONSchema.compile(["format": .string(format)]).validate(value).isEmpty
  }

  @Test(arguments: [
    ("date", ["2026-11-21", "2024-02-29", "0000-01-01"]),
    ("time", ["03:48:54Z", "03:48:54.5+01:00", "23:59:60Z", "15:59:60-08:00"]),
    (
      "date-time",
      ["2026-11-21T03:48:54Z", "2026-11-21t03:48:54.123456789z", "1990-12-31T15:59:60-08:00", "2026-11-21 03:48:54Z"]
    ),
    ("duration", ["P3D", "P1Y2M3DT4H5M6S", "P2W", "PT36H", "P1DT12H", "P01D", "P1Y2M", "P1M2D"]),
    (
      "email",
      [
        "a@b.de", "te~st@example.com", "\"joe bloggs\"@example.com", "\"a@b\"@example.com", "a@[127.0.0.1]", "a@[IPv6:::1]",
        "a@[ipv6:::1]", "a@c--n.com", "\"\\\"\"@b.de", "a@io",
      ]
    ),
    ("idn-email", ["실례@실례.테스트", "a@b.de"]), ("hostname", ["www.example.com", "a", "xn--4gbwdl.xn--wgbh1c", "1host"]),
    (
      "idn-hostname",
      [
        "실례.테스트", "bücher.example", "l\u{B7}l", "\u{3B1}\u{375}\u{3B2}", "\u{5D0}\u{5F3}\u{5D1}", "\u{30FB}\u{30A1}",
        "\u{628}\u{660}\u{628}", "\u{DF}\u{3C2}\u{F0B}\u{3007}", "\u{915}\u{94D}\u{200D}\u{937}",
        "\u{628}\u{64A}\u{200C}\u{628}\u{64A}", "xn--ihqwcrb4cv8a8dqg056pqjye", "www.example.com", "a。b",
      ]
    ),
    ("ipv4", ["192.168.0.1", "0.0.0.0", "255.255.255.255"]),
    (
      "ipv6",
      [
        "::1", "::", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:192.168.0.1", "::192.168.0.1", "1:2:3:4:5:6:1.2.3.4",
        "::2:3:4:5:6:7:8",
      ]
    ),
    (
      "uri",
      [
        "http://example.com/?q=Test%20a-b#f", "urn:uuid:1", "mailto:a@b.de", "ldap://[2001:db8::7]/c=GB", "tel:+1",
        "http://-.~_!$&'()*+,;=:%40:80%2f@h.de:8080/", "file:///a", "http://[V1.fe]/p", "http://@a.com", "http://a.com:",
        "http://:80", "http://999.999.999.999/",
      ]
    ),
    ("uri-reference", ["/a", "#f", "../a?b", "", "//h/a", "a/b:c"]), ("iri", ["http://ƒøø.ßår/?∂éœ=πîx#πîüx"]),
    ("iri-reference", ["/âππ", "#ƒräg"]),
    ("uuid", ["3f2b8c1e-0000-4000-8000-000000000000"]), ("uuid4", ["3f2b8c1e-0000-4000-8000-000000000000"]),
    ("uri-template", ["http://e.com/d/{term:1}/{term}", "/{?q,lang}", "/{+path}/{list*}", "", "/a%20b"]),
    ("json-pointer", ["", "/a~0b~1c/0", "//"]), ("relative-json-pointer", ["0", "1/a", "0#", "120/a~1", "2+1", "1-2/a"]),
    ("regex", ["([abc])+\\s+$", "^(?!a)"]),
  ])
  func aTextOfTheFormatIsAccepted(format: String, texts: [String]) throws {
    for text in texts { #expect(try accepts(format, .string(text)), "\(format) \(text)") }
  }

  @Test(arguments: [
    (
      "date", ["2026-02-30", "2023-02-29", "2026-1-1", "2026-13-01", "2026-00-01", "2026-11-21Z", "٢٠٢٦-11-21", "", "2026-11-00"]
    ),
    (
      "time",
      ["03:48:54", "24:00:00Z", "03:60:00Z", "23:59:61Z", "22:59:60Z", "03:48Z", "03:48:54+1:00", "03:48:54.Z", "03:48:54+24:00"]
    ),
    ("date-time", ["2026-02-30T00:00:00Z", "2026-11-21", "2026-11-21T03:48:54", "1998-12-31T23:58:60Z", "x"]),
    (
      "duration",
      [
        "P", "PT", "P1YT", "4D", "P1", "PT1D", "P1D2H", "P2D1Y", "P1Y2W", "P1.5D", "PT1.S", "p1d", "P১Y", "P1Y1Y", "P1Y2D",
        "PT1H2S", "PT0.5S", "P1WT1H", "P0Y1W", "P-1D",
      ]
    ),
    (
      "email",
      [
        "a", "@b.de", "a@", ".a@b.de", "a.@b.de", "a..b@c.de", "a b@c.de", "a@b_c.de", "a@[127.0.0.256]", "é@b.de", "\"a@b.de",
        "a@-b.de",
      ]
    ),
    ("idn-email", ["a", "@실례", "실례@"]),
    (
      "hostname",
      [
        "", "xn--X", "XN--aa---o47jg78q", "xn--a", ".", "-a", "a-", "a..b", "a_b", "a.", "ab--c",
        String(repeating: "a", count: 64), "é.de",
      ]
    ),
    (
      "idn-hostname",
      [
        "", "〮한국", "실〮례", "a\u{B7}l", "l\u{B7}", "\u{3B1}\u{375}S", "A\u{5F3}\u{5D1}", "def\u{30FB}abc", "\u{628}\u{660}\u{6F0}",
        "\u{915}\u{200D}\u{937}", "\u{640}\u{7FA}", "\u{488}hello", "xn--X", "a b.de", "-é", "é-", "!é",
      ]
    ),
    ("ipv4", ["256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "0x7f.0.0.1", "১.2.3.4", "1..2.3", ""]),
    (
      "ipv6",
      [
        "", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "fe80::1%eth0", "::1.2.3",
        "1:2:3:4:5:6:7:1.2.3.4", ":1:2:3:4:5:6:7:8", "::1:", "1:2:3:4:5:6:7:8::x", "1.2.3.4",
      ]
    ),
    (
      "uri",
      [
        "/a", "a", "http://a b", "http://[::1", "http://h:x/", "\\\\WINDOWS", "http://é.de", "http://a/%zz", "", "1a:b",
        "http://a/<b>", "http://[1.2.3.4]", "https://[@h/", "http://a.com:8:0", "http://[::ffff:192.168.0.01]", "//h",
        "http://[v.a]",
      ]
    ),
    ("uri-reference", ["\\\\W", "#f\\", "a b", ":a"]), ("iri", ["/a", "http://a b"]),
    ("iri-reference", ["#ƒräg\\mënt", "\\\\W"]),
    ("uuid", ["3f2b8c1e", "3f2b8c1e-0000-4000-8000-00000000000g", "3f2b8c1e00004000800000000000000000000"]),
    (
      "uri-template",
      ["/{a", "/a}", "/{}", "/{a b}", "/{a:0}", "/{a:10000}", "/{a..b}", "{%4}", "{a,}", "{,+a}", "{a=b}", "/%2", "/<a>"]
    ),
    ("json-pointer", ["a", "/~", "/~2", "#/a"]), ("relative-json-pointer", ["/a", "-1/a", "01", "0##", "", "+1", "1a"]),
    ("regex", ["^(abc]", "\\a", "(a)\\1"]),
  ])
  func anotherTextIsRefused(format: String, texts: [String]) throws {
    for text in texts { #expect(try !accepts(format, .string(text)), "\(format) \(text)") }
  }

  @Test func aFormatAppliesToItsTypeOnly() throws {
    #expect(try accepts("date", 5) && accepts("email", ["a"]) && accepts("int32", "a"))
    #expect(try accepts("int32", -2_147_483_648) && !accepts("int32", 2_147_483_648))
    #expect(try accepts("int64", .number(JSONNumber(validatedLiteral: "9223372036854775807.0"))))
    #expect(try !accepts("int64", .number(JSONNumber(validatedLiteral: "9223372036854775808"))))
    #expect(try !accepts("int64", .number(JSONNumber(validatedLiteral: "1.5"))))
  }

  /// A format of a generator that the draft does not know describes only; one letter away from a known one it is a mistake.
  @Test func aFormatThatIsNotKnownDescribesUnlessItIsMistyped() throws {
    for format in ["password", "byte", "double", "ulid", "cuid2", "phone", "guid", "nanoid"] {
      #expect(try accepts(format, "anything"), "\(format)")
    }
    for (format, meant) in [("date_time", "date-time"), ("dateTime", "date-time"), ("hostnames", "hostname"), ("ipv5", "ipv4")] {
      let error = #expect(throws: SchemaError.self) { try accepts(format, "anything") }
      #expect(error?.problems.first?.message == "the format \"\(format)\" is not known; did you mean \"\(meant)\"?")
    }
  }

  @Test func asAnAnnotationAFormatAssertsNothing() throws {
    let schema = try JSONSchema.compile(["format": "email", "minLength": 3], formats: .annotated)
    #expect(schema.validate("abc").isEmpty && schema.validate("ab").count == 1)
  }
}
