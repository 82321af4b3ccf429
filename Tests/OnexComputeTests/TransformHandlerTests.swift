import OnexCore
import OnexJSON
import Testing

@testable import OnexCompute

@Suite struct TransformHandlerTests {
  private func transform(_ operation: String, _ payload: String) throws -> String {
    try ask(TransformHandler(), "transform.\(operation)", Bytes(payload)).text
  }

  @Test(arguments: [
    // Nesting and order of the data are kept, whatever the order of the paths.
    ("{\"a\":{\"b\":1,\"c\":2},\"d\":3,\"e\":4}", "[\"d\",\"a.b\"]", "{\"a\":{\"b\":1},\"d\":3}"),
    ("[{\"a\":1,\"b\":2},{\"b\":3}]", "[\"a\"]", "[{\"a\":1},{}]"),
    ("{\"a\":{\"b\":1}}", "[\"a.x\",\"y\",\"a.b.c\"]", "{}"),
    ("{\"a\":{\"b\":1,\"c\":2}}", "[\"a\",\"a.b\"]", "{\"a\":{\"b\":1,\"c\":2}}"),
    (
      "{\"items\":[{\"id\":1,\"x\":0},{\"id\":2},{\"id\":3}]}", "[\"items.2.id\",\"items.0.id\"]",
      "{\"items\":[{\"id\":1},{\"id\":3}]}"
    ),
    ("{\"0\":{\"1\":\"digits name members too\"}}", "[\"0.1\"]", "{\"0\":{\"1\":\"digits name members too\"}}"),
    ("{\"n\":1.10}", "[\"n\"]", "{\"n\":1.10}"),
  ])
  func selectKeepsThePathsThatExist(data: String, fields: String, expected: String) throws {
    #expect(try transform("select", "{\"data\":\(data),\"fields\":\(fields)}") == "{\"data\":\(expected)}")
  }

  @Test(arguments: [
    ("{\"old\":1,\"other\":2}", "{\"old\":\"new\"}", "{\"new\":1,\"other\":2}"),
    ("{\"a\":1,\"b\":2}", "{\"a\":\"b\",\"b\":\"a\"}", "{\"b\":1,\"a\":2}"),
    ("[{\"a\":1},{\"c\":2}]", "{\"a\":\"b\"}", "[{\"b\":1},{\"c\":2}]"),
    ("{\"a\":{\"a\":1}}", "{\"a\":\"b\"}", "{\"b\":{\"a\":1}}"),
  ])
  func renameChangesTopLevelNamesAtOnce(data: String, fields: String, expected: String) throws {
    #expect(try transform("rename", "{\"data\":\(data),\"fields\":\(fields)}") == "{\"data\":\(expected)}")
  }

  @Test func twoMembersOfOneNameAreRefusedRatherThanLost() throws {
    let payload: Bytes = "{\"data\":[{},{\"a\":1,\"b\":2}],\"fields\":{\"a\":\"b\"}}"
    let error = try #require(refusal(TransformHandler(), "transform.rename", payload))
    #expect(refusedPath(TransformHandler(), "transform.rename", payload) == "/data/1")
    #expect(error.message.contains("two members \"b\": \"a\" and \"b\""))
  }

  @Test(arguments: [
    ("[{\"a\":{\"b\":7}}]", "{\"x\":\"$.a.b\",\"y\":1}", "[{\"x\":7,\"y\":1}]"),
    (
      "[{\"a\":1}]", "{\"missing\":\"$.b\",\"all\":\"$\",\"text\":\"a$.b\"}",
      "[{\"missing\":null,\"all\":{\"a\":1},\"text\":\"a$.b\"}]"
    ),
    (
      "[[10,20],5]", "{\"second\":\"$.1\",\"in\":{\"list\":[\"$.0\",true]}}",
      "[{\"second\":20,\"in\":{\"list\":[10,true]}},{\"second\":null,\"in\":{\"list\":[null,true]}}]"
    ),
    ("[]", "{\"x\":1}", "[]"),
  ])
  func mapFillsTheTemplateFromEachElement(data: String, template: String, expected: String) throws {
    #expect(try transform("map", "{\"data\":\(data),\"template\":\(template)}") == "{\"data\":\(expected)}")
  }

  @Test(arguments: [
    ("select", "{\"data\":{},\"fields\":[\"a\",\"b..c\"]}", "/fields/1"),
    ("select", "{\"data\":{},\"fields\":[1]}", "/fields/0"),
    ("select", "{\"data\":[{},4],\"fields\":[\"a\"]}", "/data/1"),
    ("select", "{\"data\":4,\"fields\":[\"a\"]}", "/data"),
    ("select", "{\"data\":{}}", "/fields"),
    ("rename", "{\"data\":{},\"fields\":{\"a\":1}}", "/fields/a"),
    ("rename", "{\"data\":[null],\"fields\":{\"a\":\"b\"}}", "/data/0"),
    ("map", "{\"data\":[],\"template\":{\"x\":{\"y\":[\"$.a\",\"$.\"]}}}", "/template/x/y/1"),
    ("map", "{\"data\":{},\"template\":{}}", "/data"),
    ("map", "{\"data\":[],\"template\":[]}", "/template"),
  ])
  func whatCannotBeUsedIsNamedByItsPath(operation: String, payload: String, path: String) {
    #expect(refusedPath(TransformHandler(), "transform.\(operation)", Bytes(payload)) == path)
  }

  @Test func aTemplateThatMultipliesItsInputIsStoppedBeforeMemoryIs() throws {
    let element = "\"" + String(repeating: "x", count: 100_000) + "\""
    let template = (0..<1000).map { "\"m\($0)\":\"$\"" }.joined(separator: ",")
    let payload = Bytes("{\"data\":[\(element)],\"template\":{\(template)}}")
    let error = try #require(refusal(TransformHandler(), "transform.map", payload))
    #expect(error.code == .outputTooLarge)
    #expect(!error.isRetriable)
  }

  /// A new name comes out once for each element.
  @Test func aNameThatMultipliesItsInputIsStoppedBeforeMemoryIs() throws {
    let name = String(repeating: #"\u0001"#, count: 1024)
    let elements = Array(repeating: #"{"a":1}"#, count: 100_000).joined(separator: ",")
    let payload = Bytes(#"{"fields":{"a":"\#(name)"},"data":[\#(elements)]}"#)
    #expect(try #require(refusal(TransformHandler(), "transform.rename", payload)).code == .outputTooLarge)
  }

  @Test func aDuplicateNameIsRefused() throws {
    let error = try #require(refusal(TransformHandler(), "transform.select", "{\"data\":{\"a\":1,\"a\":2},\"fields\":[\"a\"]}"))
    #expect(error.code == .schemaViolation)
  }

  @Test func anUnknownOperationIsAnsweredWithTheKnownOnes() throws {
    let error = try #require(refusal(TransformHandler(), "transform.sort", "{}"))
    #expect(error.code == .unknownOperation && error.message.contains("transform.select"))
  }

  @Test(arguments: [
    ("select", "{\"data\":{\"caf\u{E9}\":1,\"cafe\u{301}\":2},\"fields\":[\"cafe\u{301}\"]}", "{\"cafe\u{301}\":2}"),
    ("select", "{\"data\":{\"caf\u{E9}\":1},\"fields\":[\"cafe\u{301}\"]}", "{}"),
    ("select", "{\"data\":{\"a\":{\"\u{301}b\":1}},\"fields\":[\"a.\u{301}b\"]}", "{\"a\":{\"\u{301}b\":1}}"),
    ("rename", "{\"data\":{\"caf\u{E9}\":1,\"x\":2},\"fields\":{\"cafe\u{301}\":\"y\"}}", "{\"caf\u{E9}\":1,\"x\":2}"),
    ("rename", "{\"data\":{\"caf\u{E9}\":1,\"x\":2},\"fields\":{\"x\":\"cafe\u{301}\"}}", "{\"caf\u{E9}\":1,\"cafe\u{301}\":2}"),
    (
      "map", "{\"data\":[{\"caf\u{E9}\":1}],\"template\":{\"e\u{301}\":\"$.cafe\u{301}\",\"\u{E9}\":\"$.caf\u{E9}\"}}",
      "[{\"e\u{301}\":null,\"\u{E9}\":1}]"
    ),
  ])
  func namesAreComparedByTheirBytes(operation: String, payload: String, expected: String) throws {
    #expect(Bytes(try transform(operation, payload)) == Bytes("{\"data\":\(expected)}"))
  }

  @Test(arguments: ["99999999999999999999", "-1", "01", "+1", "1\u{661}", "9223372036854775807"])
  func whatIsNoIndexOfAnArrayLeadsNowhere(_ index: String) throws {
    #expect(try transform("select", "{\"data\":{\"a\":[7,8]},\"fields\":[\"a.\(index)\"]}") == "{\"data\":{}}")
    #expect(try transform("map", "{\"data\":[[7,8]],\"template\":{\"x\":\"$.\(index)\"}}") == "{\"data\":[{\"x\":null}]}")
  }

  @Test func sixtyThousandReferencesIntoAnObjectOfFortyFiveThousandMembersAreResolved() throws {
    let element = (0..<45_000).map { "\"f\($0)\":\($0)" }.joined(separator: ",") + ",\"z\":{\"y\":1}"
    let references = Array(repeating: "\"$.z.y\"", count: 60_000).joined(separator: ",")
    let answer = try json(
      ask(TransformHandler(), "transform.map", Bytes("{\"data\":[{\(element)}],\"template\":{\"a\":[\(references)]}}")))
    #expect(answer["data"]?.array?.first?["a"]?.array == Array(repeating: 1, count: 60_000))
  }

  @Test func aCancelledRequestEndsInTheMiddleOfAnElement() async throws {
    func write(_ count: Int) async throws -> Int {
      let template = try Template(.array(Array(repeating: "$.a", count: count)), at: JSONPointer())
      return try await Task {
        withUnsafeCurrentTask { $0?.cancel() }
        var writer = JSONWriter()
        var parts = 0
        try template.write(["a": 1], to: &writer, &parts)
        return writer.count
      }.value
    }
    #expect(try await write(1000) == 2001)
    await #expect(throws: CancellationError.self) { try await write(2000) }
  }

  /// The paths into an array cost what the array has, however many there are.
  @Test func manyIndicesAndManyShortArraysAreSelected() throws {
    let fields = (0..<20_000).map { "\"a.\($0)\"" }.joined(separator: ",")
    let data = Array(repeating: "{\"a\":[1]}", count: 20_000).joined(separator: ",")
    let answer = try json(ask(TransformHandler(), "transform.select", Bytes("{\"data\":[\(data)],\"fields\":[\(fields)]}")))
    #expect(answer["data"]?.array == Array(repeating: ["a": [1]], count: 20_000))
  }
}
