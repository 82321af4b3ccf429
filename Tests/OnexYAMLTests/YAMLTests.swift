import OnexCore
import OnexYAML
import Testing

@Suite struct YAMLTests {
  private func problems(_ text: String, limits: YAMLLimits = .standard) -> [String] {
    problems(Bytes(text), limits: limits)
  }

  private func problems(_ text: Bytes, limits: YAMLLimits = .standard) -> [String] {
    do {
      _ = try YAML.parse(text, file: "f.yaml", limits: limits)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  private func json(_ text: String) throws -> JSONValue {
    try YAML.parse(Bytes(text), file: "f.yaml").toJSON(file: "f.yaml")
  }

  @Test(arguments: [
    ("null", "null"), ("~", "null"), ("", "null"), ("Null", "null"), ("true", "true"), ("FALSE", "false"), ("yes", "\"yes\""),
    ("no", "\"no\""), ("12", "12"), ("+12", "12"), ("-012", "-12"), ("0", "0"), ("-0", "-0"), ("0o17", "15"), ("0x1f", "31"),
    ("1.50", "1.50"), (".5", "0.5"), ("5.", "5.0"), ("1e3", "1e3"), ("-1.5E+3", "-1.5e+3"), ("1_000", "\"1_000\""),
    ("0x", "\"0x\""), ("0x-1", "\"0x-1\""), ("1e", "\"1e\""), (".", "\".\""), ("-", nil), ("1.2.3", "\"1.2.3\""),
    ("123456789012345678901234567890", "123456789012345678901234567890"), ("\"12\"", "\"12\""), ("'true'", "\"true\""),
    ("!!str 12", "\"12\""), ("! 12", "\"12\""), ("!!int \"12\"", "12"), ("!!float 12", "12"), ("2026-11-21", "\"2026-11-21\""),
  ])
  func scalarsResolveByTheCoreSchema(text: String, expected: String?) throws {
    let value = try json(text == "-" ? "[\"-\"]" : text)
    let shown =
      switch value {
      case .null: "null"
      case .boolean(let value): "\(value)"
      case .number(let number): number.literal
      case .string(let text): "\"\(text)\""
      default: String?.none
      }
    #expect(shown == expected)
  }

  @Test func aDocumentKeepsOrderAndPositions() throws {
    let root = try YAML.parse("b: 1\na:\n  - x\n  - {y: 2}\n", file: "f.yaml")
    #expect(root.mapping?.entries.map(\.name) == ["b", "a"])
    #expect(root["a"]?.position == YAMLPosition(line: 3, column: 3))
    #expect(root["a"]?.sequence?[1]["y"]?.position == YAMLPosition(line: 4, column: 9))
    #expect(root.position(of: JSONPointer(["a", "1", "y"])) == YAMLPosition(line: 4, column: 6))
    #expect(root.position(of: JSONPointer(["a", "7"])) == YAMLPosition(line: 2, column: 1))
    #expect(try root.toJSON(file: "f.yaml") == ["b": 1, "a": ["x", ["y": 2]]])
  }

  @Test func blockScalarsAreStrings() throws {
    #expect(try json("|\n  12\n") == "12\n")
    #expect(try json(">-\n  a\n  b\n") == "a b")
  }

  @Test func duplicateKeysAreAllReportedWithBothPositions() {
    #expect(
      problems("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n") == [
        "f.yaml:3:1: the key \"a\" is already given at 1:1", "f.yaml:4:11: the key \"d\" is already given at 4:5",
      ])
  }

  @Test func aSyntaxErrorSaysWhereAndKeepsWhatWasFoundBefore() {
    let found = problems("a: 1\na: 2\nb: [1, 2\nc: 3\n")
    #expect(found.count == 2)
    #expect(found.first?.hasPrefix("f.yaml:2:1: the key \"a\"") == true)
    #expect(found.last?.hasPrefix("f.yaml:4:") == true)
  }

  @Test func aliasesStandForTheirAnchor() throws {
    #expect(try json("a: &x {k: [1]}\nb: *x\n") == ["a": ["k": [1]], "b": ["k": [1]]])
    #expect(problems("a: *x\n") == ["f.yaml:1:4: the alias *x names no anchor that is complete before it"])
    #expect(problems("a: &x [*x]\n") == ["f.yaml:1:8: the alias *x names no anchor that is complete before it"])
  }

  @Test func aliasesCannotMultiplyIntoAHugeTree() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...20 {
      let uses = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(uses)]\n"
    }
    #expect(problems(text).first?.contains("more than 100000 nodes, aliases expanded") == true)
  }

  @Test func aliasesCannotNestDeeperThanTheBound() {
    var text = "a0: &a0 [x]\n"
    for level in 1...40 { text += "a\(level): &a\(level) [[*a\(level - 1)]]\n" }
    #expect(problems(text).last?.contains("nested deeper than 64 levels") == true)
  }

  @Test(arguments: ["[", "{a: ", "- "])
  func nestingIsBounded(opening: String) {
    #expect(problems(String(repeating: opening, count: 100)).last?.contains("nested deeper than 64") == true)
    #expect(problems(String(repeating: opening, count: 100_000)).count == 1)
  }

  @Test func whatALoaderCouldMisreadIsRefused() {
    #expect(problems("a: 1\n---\nb: 2\n") == ["f.yaml:2:1: a second document begins here; a file holds one"])
    #expect(problems("? [a]\n: 1\n") == ["f.yaml:1:3: a key must be a scalar, not a list"])
    #expect(problems("!!binary aGk=\n").first?.contains("is not supported") == true)
    #expect(problems("a: !!int x\n") == ["f.yaml:1:4: \"x\" is no value of the tag tag:yaml.org,2002:int"])
    #expect(problems("!!set {a: 1}\n").first?.contains("is not supported here") == true)
    #expect(problems(Bytes([0x61, 0x3A, 0x20, 0xFF])).first?.hasPrefix("f.yaml:1:4: invalid leading UTF-8 octet") == true)
    #expect(problems(Bytes([0x61, 0x0A, 0x00, 0x62])).first?.hasPrefix("f.yaml:2:1: control characters") == true)
    #expect(problems(Bytes([0xFF, 0xFE, 0x61, 0x00])).count == 1)
  }

  @Test func numbersThatJSONLacksAreRefusedThere() throws {
    let node = try YAML.parse("a: -.inf", file: "f.yaml")
    #expect(throws: YAMLError.self) { try node.toJSON(file: "f.yaml") }
  }

  @Test func anEmptyFileIsNull() throws {
    for text in ["", "# only a comment\n", "---\n", "\u{FEFF}"] { #expect(try json(text) == .null) }
  }

  /// Every truncation and many mutations of a real document: refused or read, never a crash.
  @Test func mutilatedDocumentsNeverCrash() {
    let text = Array(
      """
      name: &n "x\\u00e9"  # comment
      list: [1, {a: *n, ? b : c}, 'it''s', !!str 5]
      block: |-
        text
          more
      folded: >+
        a

      map: {? [k] : v, "q": ~}
      ...
      """.utf8)
    for length in 0...text.count { _ = problems(Bytes(Array(text[..<length]))) }
    var state: UInt64 = 42
    for _ in 0..<3000 {
      var mutated = text
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        mutated[Int(state >> 33) % mutated.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      _ = problems(Bytes(mutated))
    }
  }

  @Test func aByteOrderMarkAtTheStartIsNoPartOfTheText() throws {
    #expect(try json("\u{FEFF}a: 1\nb: 2\n") == ["a": 1, "b": 2])
    #expect(try json("\u{FEFF}") == nil)
    #expect(try json("\u{FEFF}---\n- x\n") == ["x"])
    #expect(problems("\u{FEFF}a: 1\na: 2\n").first?.hasPrefix("f.yaml:2:1: ") == true)
    #expect(try YAML.parse("\u{FEFF}a: 1", file: "f.yaml")["a"]?.position == YAMLPosition(line: 1, column: 4))
  }

  @Test(arguments: [
    ("a: x\u{2028}b: 0", "f.yaml:1:5: ", "U+2028", "\\L"), ("# c\u{2029}b: 0", "f.yaml:1:4: ", "U+2029", "\\P"),
    ("a: é\nb: 'ü\u{85}c'", "f.yaml:2:6: ", "U+0085", "\\N"), ("\"\u{2028}\"", "f.yaml:1:2: ", "U+2028", "\\L"),
    ("|\n  a\u{2028}  b", "f.yaml:2:4: ", "U+2028", "\\L"), ("\u{85}a: 1", "f.yaml:1:1: ", "U+0085", "\\N"),
  ])
  func lineBreaksOfYAML11AreRefused(text: String, place: String, name: String, escape: String) throws {
    let found = problems(text)
    #expect(found.count == 1 && found[0].hasPrefix(place) && found[0].contains(name) && found[0].contains(escape), "\(found)")
  }

  @Test func theEscapesOfThoseLineBreaksAreText() throws {
    #expect(try json(#""a\N\L\P\u2028b""#) == "a\u{85}\u{2028}\u{2029}\u{2028}b")
    #expect(try json("â€\u{A0}Â") == "â€\u{A0}Â", "bytes of other characters are none")
  }

  @Test func keysAreComparedByBytes() throws {
    let node = try YAML.parse("caf\u{E9}: 1\ncafe\u{301}: 2\n", file: "f.yaml")
    #expect(node["caf\u{E9}"]?.scalar?.integer == 1 && node["cafe\u{301}"]?.scalar?.integer == 2)
    #expect(node.position(of: JSONPointer(["cafe\u{301}"])) == YAMLPosition(line: 2, column: 1))
    #expect(try node.toJSON(file: "f.yaml")["cafe\u{301}"] == 2)
    #expect(problems("\u{E9}: 1\n\u{E9}: 2").count == 1)
  }

  @Test(arguments: [
    "99999999999999999999999999", "-1e99999999999999999999", "0xFFFFFFFFFFFFFFFFFF", "0o7777777777777777777777777",
    "1e-9223372036854775808",
    "+.5e-00000000000000000000001",
  ])
  func numbersOfAnySizeAreRead(_ text: String) throws {
    let node = try YAML.parse(Bytes(text), file: "f.yaml")
    #expect(node.scalar?.integer == nil)
    _ = node.scalar?.double
  }
}
