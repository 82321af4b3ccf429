import OnexCore
import OnexJSON
import Testing

@Suite struct JSONTreeTests {
  @Test(arguments: [
    "null", "true", "-0", "1.50", "1e400", "123456789012345678901234567890", #""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "[]",
    "{}", #"[1,[2,{"a":[]}],"x"]"#, #"{"a":1,"b":{"c":null}}"#, " [ 1 , 2 ] ",
  ])
  func parsesWhatRFC8259Allows(_ text: String) throws {
    let value = try JSONValue.parse(Bytes(text))
    #expect(try JSONValue.parse(value.encoded()) == value)
  }

  @Test func numbersKeepTheirLiteral() throws {
    #expect(
      try JSONValue.parse("[1.50,1e400,123456789012345678901234567890]").encoded()
        == "[1.50,1e400,123456789012345678901234567890]")
  }

  @Test func escapesAreResolvedAndWrittenBack() throws {
    let value = try JSONValue.parse(#"["\u00e9\ud83d\ude00\u0001\"\\"]"#)
    #expect(value.array?.first?.string == "é😀\u{1}\"\\")
    #expect(value.encoded() == "[\"é😀\\u0001\\\"\\\\\"]")
  }

  @Test(arguments: [
    "", " ", "nul", "nulll", "+1", "01", "1.", ".5", "1e", "--1", "1 2", "[1,]", "[,1]", "[1", "]", "{", #"{"a"}"#, #"{"a":}"#,
    #"{"a":1,}"#, #"{a:1}"#, #""\x""#, #""\u12""#, #""\ud800""#, #""unclosed"#, "[1]]", "{}{}", "tru", #"{"a":1 "b":2}"#, "[1 2]",
    "\u{FEFF}1", "'a'", "NaN", "Infinity", #"["a"b]"#, "[\"tab\there\"]",
  ])
  func refusesEverythingElse(_ text: String) {
    #expect(throws: JSONError.self) { try JSONValue.parse(Bytes(text)) }
  }

  @Test func duplicateNamesAreRefusedAtAnyDepthAlsoInLargeObjects() {
    #expect(throws: JSONError.self) { try JSONValue.parse(#"{"a":[{"b":1,"b":2}]}"#) }
    let members = (0..<40).map { #""k\#($0)":1"# } + [#""k3":2"#]
    #expect(throws: JSONError.self) { try JSONValue.parse(Bytes("{" + members.joined(separator: ",") + "}")) }
  }

  @Test func oneParserServesSmallAndLargeDocumentsInTurn() throws {
    var parser = JSONParser()
    let large = Bytes("[" + (0..<200_000).map(String.init).joined(separator: ",") + "]")
    for _ in 0..<3 {
      #expect(try parser.parse("[1]").array?.count == 1)
      #expect(try parser.parse(large).array?.count == 200_000)
    }
  }

  @Test func namesAreComparedByTheirBytesAfterUnescaping() throws {
    let value = try JSONValue.parse("{\"caf\u{E9}\":1,\"cafe\u{301}\":2}")
    #expect(value["caf\u{E9}"] == 1 && value["cafe\u{301}"] == 2)
    #expect(throws: JSONError.self) { try JSONValue.parse(#"{"a":1,"\u0061":2}"#) }
    #expect(value.encoded() == "{\"caf\u{E9}\":1,\"cafe\u{301}\":2}")
  }

  @Test func hundredsOfThousandsOfMembersAreReadAndLookedUp() throws {
    let count = 233_000
    let value = try JSONValue.parse(Bytes("{" + (0..<count).map { "\"f\($0)\":\($0)" }.joined(separator: ",") + "}"))
    #expect(value.object?.count == count)
    #expect((0..<count).allSatisfy { value["f\($0)"]?.integer == Int64($0) })
    #expect(throws: JSONError.self) {
      try JSONValue.parse(Bytes("{" + (0..<count).map { "\"f\($0 % (count - 1))\":0" }.joined(separator: ",") + "}"))
    }
  }
}
