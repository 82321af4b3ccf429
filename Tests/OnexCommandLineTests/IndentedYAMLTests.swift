import OnexCommandLine
import OnexCore
import OnexYAML
import Testing

@Suite struct IndentedYAMLTests {
  @Test func aPersonReadsBlocks() {
    let value: JSONValue = ["topics": [["name": "requests", "partitions": 6]], "empty": []]
    #expect(IndentedYAML.text(value) == "topics:\n  - name: \"requests\"\n    partitions: 6\nempty: []\n")
  }

  @Test func whateverIsWrittenReadsBackTheSame() throws {
    let texts = [
      "no", "1e3", "2026-01-01", "~", "a: b", "# c", "- d", "", " ", "tab\tand\nline", "quote\" \\ back", "é 🦉", "\u{7}",
    ]
    let value: JSONValue = [
      "texts": .array(texts.map { .string($0) }), "no": ["retention.ms": "604800000", "on": nil, "y": true],
      "nested": [[1, [2]], ["a": ["b": -3]]], "nothing": [:],
    ]
    let text = Bytes(IndentedYAML.text(value))
    #expect(try YAML.parse(text, file: "written").toJSON(file: "written") == value)
  }
}
