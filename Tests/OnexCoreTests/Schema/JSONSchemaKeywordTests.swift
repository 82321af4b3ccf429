import OnexCore
import Testing

/// The verdicts are held by the public suite; these tests hold the messages, exact numbers, bytes, and generators' schemas.
@Suite struct JSONSchemaKeywordTests {
  private func violations(_ schema: JSONValue, _ value: JSONValue) throws -> [String] {
    try JSONSchema.compile(schema).validate(value).map(\.description)
  }

  private func accepts(_ schema: JSONValue, _ value: JSONValue) throws -> Bool { try violations(schema, value).isEmpty }

  private func number(_ literal: String) -> JSONValue { .number(JSONNumber(validatedLiteral: literal)) }

  // MARK: Numbers

  @Test(arguments: [
    ("9007199254740993.5", false), ("1.0000000000000000000001", false), ("1e-400", false), ("1e400", true), ("10e399", true),
    ("-0.0", true), ("0e-9223372036854775808", true), ("1.50e1", true), ("123456789012345678901234567890.0", true),
    ("1e99999999999999999999", true), ("1e-99999999999999999999", false),
  ])
  func anIntegerIsDecidedByItsDigits(literal: String, expected: Bool) throws {
    #expect(try accepts(["type": "integer"], number(literal)) == expected)
  }

  @Test func boundsAreExact() throws {
    #expect(try !accepts(["maximum": 9_007_199_254_740_992], number("9007199254740992.5")))
    #expect(try !accepts(["minimum": number("0.1")], number("0.09999999999999999999")))
    #expect(try accepts(["minimum": number("0.1")], number("0.10000000000000000000")))
    #expect(try !accepts(["exclusiveMaximum": number("1e400")], number("10e399")))
    #expect(try accepts(["exclusiveMaximum": number("1e400")], number("9.99e399")))
    #expect(try !accepts(["minimum": number("-1e400")], number("-2e400")))
    #expect(try accepts(["const": number("1e400")], number("10e399")))
    #expect(try !accepts(["const": number("1e400")], number("1e401")))
    #expect(try !accepts(["const": 9_007_199_254_740_993], number("9007199254740992")))
    #expect(try accepts(["enum": [number("1e400"), number("0.10")]], number("1e-1")))
  }

  @Test(arguments: ["1e-9223372036854775808", "1e9223372036854775807", "1e-99999999999999999999", "5e400", "7e-1"])
  func noUnitTraps(unit: String) throws {
    #expect(try accepts(["multipleOf": number(unit)], 0))
    #expect(try accepts(["multipleOf": number(unit)], number("-" + unit)))
    _ = try violations(["multipleOf": number(unit)], number("1e-9223372036854775808"))
    _ = try violations(["multipleOf": number(unit)], number("1e9223372036854775808"))
  }

  @Test func boundsOfCountsMayBeHuge() throws {
    #expect(try accepts(["maxLength": number("1e400"), "maxItems": number("2.0")], "text"))
    #expect(try !accepts(["minLength": number("1e400")], "text"))
  }

  @Test func equalNumbersAreOneElement() throws {
    for literal in ["1.0", "1e0", "10e-1", "0.1E+1", "100000000000000000000e-20"] {
      #expect(try !accepts(["uniqueItems": true], [1, number(literal)]), "\(literal)")
    }
    #expect(try accepts(["uniqueItems": true], [number("9007199254740993"), number("9007199254740992")]))
    #expect(try !accepts(["uniqueItems": true], [["a": [number("1e400")]], ["a": [number("10e399")]]]))
    #expect(try !accepts(["uniqueItems": true], [0, number("-0.0")]))
  }

  // MARK: Bytes

  @Test func textsThatDifferInBytesAreDifferent() throws {
    let composed = "caf\u{E9}"
    let decomposed = "cafe\u{301}"
    func text(_ value: String) -> JSONValue { .string(value) }
    func object(_ name: String, _ value: JSONValue) -> JSONValue { .object(JSONObject([(name, value)])) }
    #expect(try !accepts(["const": text(composed)], text(decomposed)))
    #expect(try !accepts(["enum": [text(composed)]], text(decomposed)))
    #expect(try accepts(["uniqueItems": true], [text(composed), text(decomposed)]))
    #expect(try !accepts(["required": [text(composed)]], object(decomposed, 1)))
    #expect(
      try accepts(["required": [text(composed), text(decomposed)]], .object(JSONObject([(composed, 1), (decomposed, 2)]))))
    #expect(try accepts(["properties": object(composed, false)], object(decomposed, 1)))
    #expect(try !accepts(["properties": object(composed, true), "additionalProperties": false], object(decomposed, 1)))
    #expect(try !accepts(["propertyNames": ["const": text(composed)]], object(decomposed, 1)))
    #expect(try accepts(["dependentRequired": object(composed, ["a"])], object(decomposed, 1)))
    #expect(try accepts(["dependentSchemas": object(composed, false)], object(decomposed, 1)))
    #expect(try !accepts(["const": object(composed, 1)], object(decomposed, 1)))
    #expect(try accepts(["pattern": .string("^\(composed)$")], text(composed)))
    #expect(try !accepts(["pattern": .string("^\(composed)$")], text(decomposed)))
    let two = JSONValue.object(
      JSONObject([
        ("$ref", .string("#/$defs/\(decomposed)")), ("$defs", .object(JSONObject([(composed, false), (decomposed, true)]))),
      ]))
    #expect(try accepts(two, 1))
    #expect(try accepts(["maxLength": 5, "minLength": 5], text(decomposed)))
    #expect(try !accepts(["const": "K"], "\u{212A}"))
  }

  // MARK: Messages

  @Test func conditionsSayWhyASchemaApplies() throws {
    let schema: JSONValue = [
      "properties": [
        "address": [
          "if": ["properties": ["country": ["const": "US"]], "required": ["country"]], "then": ["required": ["zip"]],
          "else": ["properties": ["code": ["type": "string"]]],
        ]
      ]
    ]
    #expect(
      try violations(schema, ["address": ["country": "US"]]) == [
        "/address must have the member \"zip\", because /address matches the condition \"if\""
      ])
    #expect(
      try violations(schema, ["address": ["code": 5]]) == [
        "/address/code must be of type string, not number, because /address does not match the condition \"if\""
      ])
    #expect(
      try violations(["if": ["type": "object", "title": "an order"], "then": ["required": ["id"]]], [:]) == [
        "the document must have the member \"id\", because the document matches the condition \"if\": an order"
      ])
  }

  @Test func dependentKeywordsNameTheMemberThatAsks() throws {
    #expect(
      try violations(["dependentRequired": ["card": ["name", "zip"]]], ["card": 1, "zip": 2]) == [
        "the document must have the member \"name\", because it has the member \"card\""
      ])
    #expect(
      try violations(["dependentSchemas": ["card": ["properties": ["zip": ["type": "string"]]]]], ["card": 1, "zip": 2]) == [
        "/zip must be of type string, not number, because the document has the member \"card\""
      ])
  }

  @Test func namesPatternsAndContainedElementsAreNamed() throws {
    #expect(
      try violations(["propertyNames": ["pattern": "^[a-z]+$"]], ["a1": 1]) == [
        "the document must not have the member \"a1\": its name must match the pattern ^[a-z]+$"
      ])
    #expect(
      try violations(["patternProperties": ["^n_": ["type": "integer"]]], ["n_a": "x", "s": "x"]) == [
        "/n_a must be of type integer, not string"
      ])
    #expect(
      try violations(["contains": ["const": 1, "title": "the number 1"], "minContains": 2], [1, 2]) == [
        "the document must have at least 2 elements that match \"contains\": the number 1; it has 1"
      ])
    #expect(
      try violations(["contains": ["type": "string"], "maxContains": 1], ["a", "b"]) == [
        "the document must have at most 1 element that matches \"contains\""
      ])
    #expect(try violations(["enum": []], 1) == ["the document is not allowed here: its \"enum\" is empty"])
  }

  @Test func unevaluatedPartsAreNamed() throws {
    let schema: JSONValue = [
      "allOf": [["properties": ["a": true]]], "properties": ["name": true], "unevaluatedProperties": false,
    ]
    #expect(
      try violations(schema, ["a": 1, "nmae": 2]) == [
        "the document must not have the member \"nmae\": no schema that applies describes it; did you mean \"name\"?"
      ])
    #expect(
      try violations(["prefixItems": [true], "unevaluatedItems": false], [1, 2]) == [
        "the document must not have the element 1 (counted from 0): no schema that applies describes it"
      ])
    #expect(
      try violations(["properties": ["a": true], "unevaluatedProperties": ["type": "string"]], ["a": 1, "b": 2]) == [
        "/b must be of type string, not number"
      ])
    // The other violation makes the value invalid; members are not counted against a schema that did not apply.
    #expect(
      try violations(["allOf": [["properties": ["a": ["type": "string"]]]], "unevaluatedProperties": false], ["a": 1]) == [
        "/a must be of type string, not number"
      ])
  }

  // MARK: References

  @Test func aReferenceFindsAnchorsAndEmbeddedResources() throws {
    let schema: JSONValue = [
      "$id": "https://example.com/root",
      "properties": ["a": ["$ref": "#word"], "b": ["$ref": "item"], "c": ["$ref": "item#inner"]],
      "$defs": [
        "word": ["$anchor": "word", "type": "string"],
        "item": ["$id": "item", "type": "integer", "$defs": ["x": ["$anchor": "inner", "type": "null"]]],
      ],
    ]
    #expect(try accepts(schema, ["a": "x", "b": 1, "c": nil]))
    #expect(try violations(schema, ["a": 1, "b": "x", "c": 1]).count == 3)
    let compiled = try JSONSchema.compile(schema)
    #expect(compiled.references[JSONPointer(["properties", "c"])] == JSONPointer(["$defs", "item", "$defs", "x"]))
  }

  @Test func aReferenceThatLeadsOutNamesTheAllowedForms() {
    let error = #expect(throws: SchemaError.self) {
      try JSONSchema.compile(["properties": ["a": ["$ref": "https://example.com/other.json"]]])
    }
    #expect(error?.problems.first?.pointer == JSONPointer(["properties", "a", "$ref"]))
    #expect(error?.problems.first?.message.contains("only references into the same document are followed: \"#\"") == true)
  }

  // MARK: Generators

  @Test func aSchemaOfPydanticIsUnderstood() throws {
    let schema: JSONValue = [
      "$defs": [
        "Kind": ["enum": ["a", "b"], "title": "Kind", "type": "string"],
        "Item": [
          "additionalProperties": false, "title": "Item", "type": "object", "required": ["id"],
          "properties": [
            "id": ["format": "uuid4", "title": "Id", "type": "string"], "kind": ["$ref": "#/$defs/Kind", "default": "a"],
          ],
        ],
      ],
      "title": "Order", "type": "object", "required": ["items"],
      "properties": [
        "items": ["items": ["$ref": "#/$defs/Item"], "title": "Items", "type": "array", "uniqueItems": true],
        "note": ["anyOf": [["type": "string", "maxLength": 5], ["type": "null"]], "default": nil, "title": "Note"],
        "price": ["anyOf": [["type": "number"], ["type": "string", "pattern": "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$"]]],
        "pet": [
          "discriminator": ["mapping": ["i": "#/$defs/Item"], "propertyName": "id"], "oneOf": [["$ref": "#/$defs/Item"]],
        ],
        "extra": ["additionalProperties": ["type": "integer"], "type": "object", "propertyNames": ["format": "date"]],
        "pair": ["maxItems": 2, "minItems": 2, "prefixItems": [["type": "integer"], ["type": "string"]], "type": "array"],
      ],
    ]
    let id: JSONValue = "3f2b8c1e-0000-4000-8000-000000000000"
    #expect(
      try accepts(
        schema, ["items": [["id": id, "kind": "b"]], "note": nil, "price": "1.5", "pair": [1, "a"], "extra": ["2026-11-21": 1]]))
    #expect(try violations(schema, ["items": [["id": id, "kind": "c"]], "price": "-", "extra": ["x": 1]]).count == 3)
  }

  @Test func keywordsOfOpenAPIDescribe() throws {
    let schema: JSONValue = [
      "$ref": "#/components/schemas/a",
      "components": [
        "schemas": [
          "a": [
            "type": "string", "nullable": true, "example": "x", "externalDocs": ["url": "u"], "xml": ["name": "x"],
            "x-internal": [1],
            "contentEncoding": "base64", "contentMediaType": "text/plain", "contentSchema": true,
          ]
        ]
      ],
    ]
    #expect(try accepts(schema, "x") && !accepts(schema, 1))
  }
}
