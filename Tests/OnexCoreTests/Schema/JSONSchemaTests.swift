import OnexCore
import Testing

@Suite struct JSONSchemaTests {
  private func violations(_ schema: JSONValue, _ value: JSONValue) throws -> [String] {
    try JSONSchema.compile(schema).validate(value).map(\.description)
  }

  private func accepts(_ schema: JSONValue, _ value: JSONValue) throws -> Bool {
    try violations(schema, value).isEmpty
  }

  private func number(_ literal: String) -> JSONValue { .number(JSONNumber(validatedLiteral: literal)) }

  @Test func typeTellsValuesApart() throws {
    let values: [(String, JSONValue)] = [
      ("null", nil), ("boolean", true), ("integer", 3), ("number", number("1.5")), ("string", "x"), ("array", []),
      ("object", [:]),
    ]
    for (type, _) in values {
      for (other, value) in values {
        let expected = type == other || (type == "number" && other == "integer")
        #expect(try accepts(["type": .string(type)], value) == expected, "\(type) against \(other)")
      }
    }
    #expect(try accepts(["type": "integer"], number("3.0")))
    #expect(try accepts(["type": "integer"], number("3e2")))
    #expect(try accepts(["type": "integer"], number("123456789012345678901234567890")))
    #expect(try accepts(["type": ["string", "null"]], nil))
    #expect(try violations(["type": ["string", "null"]], 3) == ["the document must be of type null or string, not number"])
  }

  @Test func objectsAreCheckedMemberByMember() throws {
    let schema: JSONValue = [
      "type": "object", "required": ["url", "id"], "additionalProperties": false,
      "properties": ["url": ["type": "string"], "id": true, "timeout_ms": ["minimum": 1]],
    ]
    #expect(try accepts(schema, ["url": "u", "id": nil]))
    #expect(
      try violations(schema, ["url": 1, "timeuot_ms": 0, "timeout_ms": 0]) == [
        "the document must have the member \"id\"", "/url must be of type string, not number",
        "the document must not have the member \"timeuot_ms\"; did you mean \"timeout_ms\"?", "/timeout_ms must be at least 1",
      ])
    #expect(
      try violations(["additionalProperties": ["type": "string"]], ["a/b~c": 1]) == [
        "/a~1b~0c must be of type string, not number"
      ])
    #expect(try accepts(["minProperties": 1, "maxProperties": 2], ["a": 1]))
    #expect(try !accepts(["minProperties": 1], [:]))
    #expect(try !accepts(["maxProperties": 0], ["a": 1]))
    #expect(try accepts(["required": ["a"]], "objects' keywords say nothing about strings"))
  }

  @Test func arraysAreCheckedElementByElement() throws {
    let schema: JSONValue = ["prefixItems": [["type": "string"]], "items": ["type": "integer"], "minItems": 1, "maxItems": 3]
    #expect(try accepts(schema, ["a", 1, 2]))
    #expect(
      try violations(schema, [1, "b"]) == ["/0 must be of type string, not number", "/1 must be of type integer, not string"])
    #expect(try !accepts(schema, []))
    #expect(try !accepts(schema, ["a", 1, 2, 3]))
    #expect(try accepts(["prefixItems": [true], "items": false], [1]))
    #expect(try violations(["prefixItems": [true], "items": false], [1, 2]) == ["/1 is not allowed here"])
    #expect(try accepts(["uniqueItems": true], [1, "1", ["a": 1], ["a": 2]]))
    #expect(try !accepts(["uniqueItems": true], [["a": 1, "b": 2], 5, ["b": 2, "a": 1]]))
    #expect(try !accepts(["uniqueItems": true], [1, number("1.0")]))
    #expect(try accepts(["uniqueItems": false], [1, 1]))
  }

  @Test func uniqueItemsOfManyLikeObjectsAreNotComparedEachWithEach() throws {
    let elements = (0..<30_000).map { JSONValue.object(JSONObject([("id", .integer($0))])) }
    #expect(try accepts(["uniqueItems": true], .array(elements)))
  }

  @Test func textsAreMeasuredInScalars() throws {
    #expect(try accepts(["minLength": 2, "maxLength": 2], "é\u{1F600}"))
    #expect(try violations(["minLength": 3], "ab") == ["the document must have at least 3 characters, not 2"])
    #expect(try violations(["maxLength": 1], "ab") == ["the document must have at most 1 characters, not 2"])
    #expect(try accepts(["maxLength": 1], 12345))
  }

  @Test func formatsAssert() throws {
    #expect(try accepts(["format": "uuid"], "3f2b8c1e-0000-4000-8000-000000000000"))
    #expect(try !accepts(["format": "uuid"], "3f2b8c1e"))
    #expect(try accepts(["format": "date-time"], "2026-11-21T03:48:54.5+01:00"))
    #expect(try !accepts(["format": "date-time"], "2026-02-30T00:00:00Z"))
    #expect(try accepts(["format": "date-time"], 7))
  }

  @Test func numbersAreBounded() throws {
    #expect(try accepts(["minimum": 1, "maximum": 1], 1))
    #expect(try !accepts(["minimum": 1], number("0.999")))
    #expect(try !accepts(["exclusiveMinimum": 1], 1))
    #expect(try !accepts(["exclusiveMaximum": 1], number("1.0")))
    #expect(try !accepts(["maximum": 9_007_199_254_740_992], 9_007_199_254_740_993))
    #expect(try !accepts(["maximum": 5], number("1e400")))
    #expect(try !accepts(["minimum": 5], number("-1e400")))
  }

  @Test(arguments: [
    ("0.3", "0.1", true), ("0.35", "0.1", false), ("1e2", "10", true), ("7", "2", false), ("-4", "2", true), ("0", "5", true),
    ("1.10", "0.05", true), ("1e300", "3", false), ("0e5", "0.01", true),
  ])
  func multiplesAreExactInDecimal(value: String, unit: String, expected: Bool) throws {
    #expect(try accepts(["multipleOf": number(unit)], number(value)) == expected)
  }

  @Test func enumAndConst() throws {
    #expect(try accepts(["enum": ["a", 1, nil]], number("1.0")))
    #expect(try violations(["enum": ["a", 1, nil]], "b") == ["the document must be one of \"a\", 1, null"])
    #expect(try accepts(["const": ["a": [1]]], ["a": [1]]))
    #expect(try violations(["const": 5], 6) == ["the document must be 5"])
    #expect(try !accepts(["enum": [1, 2], "const": 2], 1))
  }

  @Test func combinators() throws {
    #expect(try violations(["allOf": [["minimum": 1], ["maximum": -1]]], 0).count == 2)
    #expect(try accepts(["anyOf": [["type": "string"], ["minimum": 5]]], 6))
    #expect(
      try violations(["anyOf": [["type": "string"], ["minimum": 5]]], 4) == [
        "the document matches none of 2 alternatives: (1) the document must be of type string, not number; "
          + "(2) the document must be at least 5"
      ])
    #expect(try accepts(["oneOf": [["minimum": 5], ["maximum": 3]]], 6))
    #expect(
      try violations(["oneOf": [["minimum": 1], ["maximum": 3]]], 2) == [
        "the document matches alternatives 1 and 2; only one may match"
      ])
    let either: JSONValue = ["oneOf": [["required": ["text"]], ["required": ["base64"]]]]
    #expect(try accepts(either, ["text": ""]))
    let message = "the document must have exactly one of the members \"text\", \"base64\""
    #expect(try violations(either, [:]) == [message])
    #expect(try violations(either, ["text": "", "base64": ""]) == [message])
    #expect(try accepts(["not": ["type": "string"]], 1))
    #expect(try violations(["not": ["type": "string", "title": "text"]], "x") == ["the document must not be or have: text"])
    #expect(try !accepts(false, 1))
    #expect(try accepts(true, 1))
  }

  @Test func referencesMayRecurseThroughTheValue() throws {
    let schema: JSONValue = [
      "$ref": "#/$defs/tree",
      "$defs": [
        "tree": [
          "type": "object", "required": ["name"],
          "properties": ["name": ["type": "string"], "children": ["items": ["$ref": "#/$defs/tree"]]],
        ]
      ],
    ]
    #expect(try accepts(schema, ["name": "a", "children": [["name": "b"]]]))
    #expect(
      try violations(schema, ["name": "a", "children": [["name": "b", "children": [[:]]]]]) == [
        "/children/0/children/0 must have the member \"name\""
      ])
    #expect(try accepts(["properties": ["a": ["$ref": "#"]], "maxProperties": 1], ["a": ["a": [:]]]))
    #expect(try !accepts(["properties": ["a": ["$ref": "#"]], "maxProperties": 1], ["a": ["a": [:], "b": 1]]))
  }

  @Test func violationsAreBounded() throws {
    let values = JSONValue.array(Array(repeating: 1, count: 1000))
    #expect(try JSONSchema.compile(["items": ["type": "string"]]).validate(values).count == JSONSchema.violationsMax)
  }

  @Test func aHostileMemberNameIsCut() throws {
    let name = String(repeating: "x", count: 10_000)
    let schema = try JSONSchema.compile(["additionalProperties": ["type": "string"]])
    let found = schema.validate(.object(JSONObject([(name, 1)])))
    #expect(found.first?.path.description.count == SchemaViolation.tokenLengthMax + 2)
  }

  /// Two references at each level double the work with each level of the document.
  @Test func aDocumentThatMultipliesTheWorkIsRefused() throws {
    let branch: JSONValue = ["properties": ["a": ["$ref": "#"]], "allOf": [["required": ["b"]]]]
    let schema = try JSONSchema.compile(["anyOf": [branch, branch, ["maxProperties": 0, "const": 5]]])
    var value: JSONValue = [:]
    for _ in 0..<60 { value = .object(JSONObject([("a", value)])) }
    #expect(
      schema.validate(value).map(\.description) == [
        "the document is nested too deeply or is too large to be checked against its schema"
      ])
  }

  @Test func annotationsAssertNothing() throws {
    let schema: JSONValue = [
      "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "$comment": "c", "title": "t", "description": "d",
      "default": 1, "examples": [1], "deprecated": true, "readOnly": true, "writeOnly": false,
    ]
    #expect(try accepts(schema, "anything"))
  }
}
