import OnexCore
import Testing

@Suite struct SchemaErrorTests {
  private func problems(_ schema: JSONValue) -> [String] {
    do {
      _ = try JSONSchema.compile(schema)
      return []
    } catch {
      return error.problems.map { "\($0.kind) \($0.pointer): \($0.message)" }
    }
  }

  @Test func unknownKeywordsAreNamedByPointerEvenWhereNothingRefersToThem() {
    #expect(
      problems([
        "properties": ["a": ["minLenght": 1]], "$defs": ["unused": ["if": true]], "patternProperties": [:],
      ]) == [
        "unknownKeyword /properties/a/minLenght: \"minLenght\" is not a keyword of the supported subset; did you mean \"minLength\"?",
        "unknownKeyword /$defs/unused/if: \"if\" is not a keyword of the supported subset",
        "unknownKeyword /patternProperties: \"patternProperties\" is not a keyword of the supported subset",
      ])
  }

  @Test(
    arguments: [
      ["type": "text"], ["type": []], ["type": ["string", "string"]], ["type": 5], ["enum": []], ["enum": 1], ["minLength": -1],
      ["maxLength": "1"], ["minItems": nil], ["minimum": "1"], ["multipleOf": 0], ["multipleOf": -1], ["required": "a"],
      ["required": ["a", "a"]], ["required": [1]], ["uniqueItems": 1], ["items": []], ["items": 5], ["prefixItems": []],
      ["properties": []], ["properties": ["a": 1]], ["additionalProperties": "no"], ["allOf": []], ["anyOf": [:]], ["not": 1],
      ["format": "email"], ["format": 1], ["pattern": "("], ["pattern": 1], ["$ref": "other.json"], ["$ref": "#/nowhere"],
      ["$ref": "#anchor"], ["$ref": 1], ["$defs": []], 5, "x",
    ] as [JSONValue])
  func anInvalidKeywordIsRefused(schema: JSONValue) {
    #expect(problems(schema).count == 1)
    #expect(problems(schema).first?.hasPrefix("invalidKeyword") == true)
  }

  @Test func allProblemsAreReportedAtOnce() {
    #expect(problems(["type": "text", "minLength": -1, "foo": 1, "properties": ["a": ["enum": []]]]).count == 4)
  }

  @Test func aSchemaThatOnlyRefersToItselfIsRefused() {
    #expect(problems(["$ref": "#"]).count == 1)
    #expect(problems(["anyOf": [["$ref": "#/$defs/a"]], "$defs": ["a": ["not": ["$ref": "#"]]]]).count == 1)
    let chain = (0..<200).map { ("d\($0)", JSONValue.object(JSONObject([("$ref", .string("#/$defs/d\($0 + 1)"))]))) }
    let defs = JSONValue.object(JSONObject(chain + [("d200", true)]))
    #expect(problems(["$defs": defs]).count == 1)
  }
}
