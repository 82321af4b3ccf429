import Glibc
import Testing

@testable import OnexCore

/// The work of a check, in steps: at most proportional to the document, whatever the schema asks.
@Suite struct SchemaBoundsTests {
  private func steps(_ schema: JSONSchema, _ value: JSONValue) -> Int {
    var steps = 0
    _ = schema.validate(value, steps: &steps)
    return steps
  }

  private func object(_ count: Int, _ value: (Int) -> JSONValue = { _ in 1 }) -> JSONValue {
    .object(JSONObject((0..<count).map { ("member\(10_000 + $0)", value($0)) }))
  }

  private func array(_ count: Int, _ element: (Int) -> JSONValue) -> JSONValue { .array((0..<count).map(element)) }

  private func expectLinear(_ schema: JSONValue, _ value: (Int) -> JSONValue, _ location: SourceLocation = #_sourceLocation)
    throws
  {
    let schema = try JSONSchema.compile(schema)
    let steps = [200, 400, 800].map { self.steps(schema, value($0)) }
    #expect(
      steps[0] > 100 && steps[1] * 10 <= steps[0] * 21 + 1000 && steps[2] * 10 <= steps[1] * 21 + 1000
        && steps[2] < JSONSchema.checkStepsMax,
      "\(steps)", sourceLocation: location)
  }

  @Test func membersAgainstPatternsAndNamesAreLinear() throws {
    let patterns = JSONValue.object(JSONObject((0..<20).map { ("^(m|x)+ember1\($0)[0-9]*$", true) }))
    try expectLinear(["patternProperties": patterns, "additionalProperties": ["type": "integer"]]) { object($0) }
    try expectLinear(["propertyNames": ["pattern": "^[a-z]+\\d*$", "maxLength": 20]]) { object($0) }
  }

  @Test func manyNamesInTheSchemaAndInTheDocumentAreLinear() throws {
    let steps = try [200, 400, 800].map { count in
      let names = (0..<count).map { "member\(10_000 + $0)" }
      let required = JSONValue.array(names.map { .string($0) })
      let properties = JSONValue.object(JSONObject(names.map { ($0, true) }))
      let dependent = JSONValue.object(JSONObject(names.map { ($0, ["member10000"]) }))
      let schema = try JSONSchema.compile([
        "required": required, "properties": properties, "dependentRequired": dependent, "unevaluatedProperties": false,
      ])
      return self.steps(schema, object(count))
    }
    #expect(steps[1] * 10 <= steps[0] * 21 + 1000 && steps[2] * 10 <= steps[1] * 21 + 1000, "\(steps)")
  }

  @Test func containsAndUniqueElementsAreLinear() throws {
    try expectLinear(["contains": ["type": "string"], "minContains": 2, "maxContains": 5]) { array($0) { .integer($0) } }
    try expectLinear(["contains": ["const": "last"], "unevaluatedItems": ["type": "integer"]]) { array($0) { .integer($0) } }
    try expectLinear(["uniqueItems": true]) { array($0) { ["id": .integer($0), "name": "same"] } }
    try expectLinear(["uniqueItems": true]) { array($0) { .number(JSONNumber(validatedLiteral: "\($0)e400")) } }
  }

  @Test func unevaluatedMembersThroughManyAlternativesAreLinear() throws {
    let branches = JSONValue.array(
      (0..<10).map {
        ["properties": .object(JSONObject([("member\(10_000 + $0)", true)])), "patternProperties": ["^member1": true]]
      })
    try expectLinear(["anyOf": branches, "allOf": branches, "unevaluatedProperties": ["type": "integer"]]) { object($0) }
    try expectLinear(["anyOf": branches, "unevaluatedProperties": ["type": "integer"]]) { object($0) }
  }

  @Test func equalNumbersInMillionsOfDigitsAreReadOnce() throws {
    let digits = String(repeating: "7", count: 100_000)
    let schema = try JSONSchema.compile([
      "anyOf": .array((0..<2000).map { ["const": .integer($0)] }), "maximum": 5,
    ])
    let steps = steps(schema, .number(JSONNumber(validatedLiteral: digits)))
    #expect(steps > JSONSchema.checkStepsMax)
    #expect(
      schema.validate(.number(JSONNumber(validatedLiteral: digits))).map(\.message) == [
        "is nested too deeply or is too large to be checked against its schema"
      ])
  }

  @Test(
    arguments: [
      [
        "$ref": "#/$defs/a",
        "$defs": [
          "a": ["unevaluatedItems": ["$ref": "#/$defs/a"], "anyOf": [["contains": true], ["$ref": "#/$defs/b"]]],
          "b": ["items": ["$ref": "#/$defs/a"]],
        ],
      ],
      ["if": ["items": ["$ref": "#"]], "then": ["items": ["$ref": "#"]], "else": ["contains": ["$ref": "#"]]],
    ] as [JSONValue])
  func aSchemaThatMultipliesTheWorkWithEachLevelEndsInBounds(schema: JSONValue) throws {
    var value: JSONValue = []
    for _ in 0..<60 { value = [value, value] }
    var steps = 0
    let found = try JSONSchema.compile(schema).validate(value, steps: &steps, stepsMax: 200_000)
    // The last charge can be larger than what is left; every call that is under way makes at most one more.
    #expect(steps > 200_000 && steps < 210_000 && found.count == 1)
  }

  @Test func aMemberNameOfOneCharacterWithManyMarksIsCut() throws {
    let name = "e" + String(repeating: "\u{301}", count: 10_000)
    let schemas: [JSONValue] = [
      ["additionalProperties": ["type": "string"]], ["additionalProperties": false], ["propertyNames": ["maxLength": 1]],
      ["unevaluatedProperties": false],
    ]
    for schema in schemas {
      let found = try JSONSchema.compile(schema).validate(.object(JSONObject([(name, 1)])))
      #expect(found.count == 1 && found[0].description.utf8.count < 600, "\(schema)")
    }
  }

  @Test func nestedAlternativesDoNotMultiplyTheMessage() throws {
    var levels: [(String, JSONValue)] = [("d9", ["type": "string"])]
    for level in 0..<9 {
      let next: JSONValue = ["$ref": .string("#/$defs/d\(level + 1)")]
      levels.append(("d\(level)", ["anyOf": [next, next, next]]))
    }
    let schema = try JSONSchema.compile(["$ref": "#/$defs/d0", "$defs": .object(JSONObject(levels))])
    let found = schema.validate(1)
    #expect(found.count == 1 && found[0].message.utf8.count < 2000)
  }

  /// Checks run on threads with small stacks, where a document that is nested to the limit must not overflow.
  @Test(
    arguments: [
      ["anyOf": [["oneOf": [["allOf": [["properties": ["a": ["$ref": "#"]]]]]]]]],
      ["properties": ["a": ["$ref": "#"]], "unevaluatedProperties": false],
      ["patternProperties": ["a": ["$ref": "#"]], "propertyNames": ["maxLength": 1]],
      ["unevaluatedProperties": ["$ref": "#"], "unevaluatedItems": ["$ref": "#"]],
      ["if": ["required": ["a"]], "then": ["dependentSchemas": ["a": ["additionalProperties": ["$ref": "#"]]]]],
      ["not": ["properties": ["a": ["not": ["$ref": "#"]]]]],
    ] as [JSONValue])
  func theDeepestCheckFitsIntoAThreadsStack(schema: JSONValue) throws {
    let schema = try JSONSchema.compile(schema)
    var value: JSONValue = [:]
    for _ in 0..<300 { value = .object(JSONObject([("a", value)])) }
    let deepest = value
    SmallThread.run { _ = schema.validate(deepest) }
  }
}

/// A thread with the stack of a handler's thread, 1 MiB. A build for development needs four times the stack of a release.
private enum SmallThread {
  private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  static func run(_ body: @escaping () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, 1 << 20)
    var thread = pthread_t()
    let outcome = pthread_create(
      &thread, &attributes,
      { context in
        context.map { Unmanaged<Work>.fromOpaque($0).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(Work(body)).toOpaque())
    #expect(outcome == 0)
    pthread_join(thread, nil)
  }
}
