import OnexCommandLine
import OnexCore
import OnexYAML
import Testing

@Suite struct IndentedYAMLTests {
  @Test func aPersonReadsBlocks() {
    let value: JSONValue = ["topics": [["name": "requests", "partitions": 6]], "empty": [], "answer": "no"]
    #expect(IndentedYAML.text(value) == "topics:\n  - name: requests\n    partitions: 6\nempty: []\nanswer: \"no\"\n")
  }

  @Test(arguments: [
    "", " a", "a ", "true", "True", "No", "NULL", "null", "~", "12", "1e3", "0x1", "- a", "a: b", "a:b", "a #b", "#a", "[a]",
    "{a}", "a, b", "*a",
    "&a", "!a",
    "@a", "`a", "%a", "\"a\"", "'a'", "it's", "a\nb", "a\tb", "é", "$ref", "/a", "2026-11-21", "---", "...", "a|b", ">", "?", "y",
    "\u{0}", "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}", "🙂", "\\",
  ])
  func everyTextComesBackAsItWas(text: String) throws {
    let value: JSONValue = .object(
      JSONObject([("text", .string(text)), (text.isEmpty ? "empty" : text + "_", ["list", .string(text)])]))
    #expect(try YAML.parse(Bytes(IndentedYAML.text(value)), file: "t.yaml").toJSON(file: "t.yaml") == value)
  }

  @Test func nestedValuesComeBackAsTheyWere() throws {
    let value: JSONValue = [
      "empty": ["object": [:], "list": []], "lists": [[["a": 1, "b": [["c": nil]]], [1, 2], []], [["d": true]]], "number": -1,
      "long": .array((0..<60).map { .integer($0) }),
    ]
    #expect(try YAML.parse(Bytes(IndentedYAML.text(value)), file: "t.yaml").toJSON(file: "t.yaml") == value)
  }
}
