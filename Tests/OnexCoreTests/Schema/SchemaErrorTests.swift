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
        "properties": ["a": ["minLenght": 1]], "$defs": ["unused": ["unit": "ms"]], "then": ["patternProperty": [:]],
        "dependencies": [:], "items": ["$dynamicRef": "#x"],
      ]) == [
        "unknownKeyword /properties/a/minLenght: \"minLenght\" is not a known keyword; did you mean \"minLength\"?",
        "unknownKeyword /$defs/unused/unit: \"unit\" is not a known keyword; a keyword that only describes begins with \"x-\"",
        "unknownKeyword /then/patternProperty: \"patternProperty\" is not a known keyword; did you mean \"patternProperties\"?",
        "unknownKeyword /dependencies: \"dependencies\" cannot be used: since draft 2019-09 it is written as \"dependentRequired\" "
          + "and \"dependentSchemas\"",
        "unknownKeyword /items/$dynamicRef: \"$dynamicRef\" cannot be used: dynamic references are not supported; \"$ref\" refers to a "
          + "fixed schema",
      ])
  }

  @Test(
    arguments: [
      ["type": "text"], ["type": []], ["type": ["string", "string"]], ["type": 5], ["enum": 1], ["minLength": -1],
      ["maxLength": "1"], ["minItems": nil], ["minimum": "1"], ["multipleOf": 0], ["multipleOf": -1], ["required": "a"],
      ["required": ["a", "a"]], ["required": [1]], ["uniqueItems": 1], ["items": []], ["items": 5], ["prefixItems": []],
      ["properties": []], ["properties": ["a": 1]], ["additionalProperties": "no"], ["allOf": []], ["anyOf": [:]], ["not": 1],
      ["format": "datetime"], ["format": "e-mail"], ["format": 1], ["pattern": "("], ["pattern": 1], ["$ref": "other.json"],
      ["$ref": "#/nowhere"],
      ["$ref": "#anchor"], ["$ref": 1], ["$defs": []], 5, "x", ["$ref": "#/a~2"], ["$ref": "#/%zz"], ["$ref": "#%C3"],
      ["$ref": "https://example.com/schema"], ["$id": "#a"], ["$id": 1], ["$anchor": "a b"], ["$anchor": "1a"], ["$anchor": 1],
      ["$schema": 1], ["$schema": "https://example.com/dialect"], ["if": 1], ["then": 1], ["else": []], ["patternProperties": []],
      ["patternProperties": ["(": true]], ["patternProperties": ["a": 1]], ["propertyNames": 1], ["contains": 1],
      ["minContains": -1], ["dependentRequired": []], ["dependentRequired": ["a": "b"]],
      ["dependentRequired": ["a": ["b", "b"]]], ["dependentSchemas": ["a": 1]], ["unevaluatedItems": 1],
      ["unevaluatedProperties": []],
      ["multipleOf": .number(JSONNumber(validatedLiteral: "1" + String(repeating: "1", count: 99)))],
      ["$defs": ["a": ["$id": "x"], "b": ["$id": "x"]]], ["$defs": ["a": ["$anchor": "x"], "b": ["$anchor": "x"]]],
    ] as [JSONValue])
  func anInvalidKeywordIsRefused(schema: JSONValue) {
    #expect(problems(schema).count == 1)
    #expect(problems(schema).first?.hasPrefix("invalidKeyword") == true)
  }

  @Test func allProblemsAreReportedAtOnce() {
    #expect(problems(["type": "text", "minLength": -1, "foo": 1, "properties": ["a": ["required": 1]]]).count == 4)
  }

  @Test func aSchemaThatOnlyRefersToItselfIsRefused() {
    #expect(problems(["$ref": "#"]).count == 1)
    #expect(problems(["anyOf": [["$ref": "#/$defs/a"]], "$defs": ["a": ["not": ["$ref": "#"]]]]).count == 1)
    let chain = (0..<200).map { ("d\($0)", JSONValue.object(JSONObject([("$ref", .string("#/$defs/d\($0 + 1)"))]))) }
    let defs = JSONValue.object(JSONObject(chain + [("d200", true)]))
    #expect(problems(["$defs": defs]).count == 1)
  }
}
