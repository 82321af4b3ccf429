import OnexCore
import OnexYAML
import Testing

@Suite struct MappingReaderTests {
  private enum Colour: String, CaseIterable { case red, green }

  private func read(_ text: Bytes, fields: [String], _ body: (MappingReader) -> Void) throws -> [String] {
    let problems = FieldProblems(file: "f.yaml")
    let node = try YAML.parse(text, file: "f.yaml")
    if let reader = MappingReader(node, fields: fields, problems) { body(reader) }
    return problems.all.map(\.description)
  }

  @Test func fieldsOfEachKindAreRead() throws {
    let problems = try read(
      "t: text\nc: green\ni: 3\nn: 1.5\nf: true\nl: [a, b]\nm: {x: 1}\ns: {retention.ms: 60, k: v}\n",
      fields: ["t", "c", "i", "n", "f", "l", "m", "s", "absent"]
    ) { reader in
      #expect(reader.text("t")?.value == "text")
      #expect(reader.choice("c", of: Colour.self) == .green)
      #expect(reader.integer("i", in: 1...3) == 3)
      #expect(reader.number("n", in: 1...2) == 1.5)
      #expect(reader.flag("f") == true)
      #expect(reader.texts("l")?.map(\.value) == ["a", "b"])
      #expect(reader.mapping("m", fields: ["x"])?.integer("x", in: 0...9) == 1)
      #expect(reader.scalars("s")?.map { "\($0.name.value)=\($0.value.value)" } == ["retention.ms=60", "k=v"])
      #expect(reader.text("absent") == nil)
      #expect(!reader.has("absent"))
    }
    #expect(problems.isEmpty)
  }

  @Test func everyWrongFieldIsReportedAtItsPlace() throws {
    let problems = try read(
      "t: 12\nc: blue\ni: 4\nn: [1]\nf: yes\nl: [a, 2]\nm: 7\ns: {k: [v]}\n",
      fields: ["t", "c", "i", "n", "f", "l", "m", "s", "needed"]
    ) { reader in
      _ = reader.text("t")
      _ = reader.choice("c", of: Colour.self)
      _ = reader.integer("i", in: 1...3)
      _ = reader.number("n", in: 1...2)
      _ = reader.flag("f")
      _ = reader.texts("l")
      _ = reader.mapping("m", fields: ["x"])
      _ = reader.scalars("s")
      _ = reader.text("needed", required: true)
    }
    #expect(
      problems == [
        "f.yaml:1:1: needed is required",
        "f.yaml:1:4: t must be text, not the number 12; put it in quotes if it is meant as text",
        "f.yaml:2:4: c must be one of \"red\", \"green\", not the text \"blue\"",
        "f.yaml:3:4: i must be an integer from 1 to 3, not the number 4",
        "f.yaml:4:4: n must be a number from 1.0 to 2.0, not a list",
        "f.yaml:5:4: f must be true or false, not the text \"yes\"",
        "f.yaml:6:8: l[1] must be text, not the number 2; put it in quotes if it is meant as text",
        "f.yaml:7:4: m must be a mapping of fields, not the number 7",
        "f.yaml:8:8: s.k must be a single value, not a list",
      ])
  }

  @Test func anUnknownFieldSuggestsTheNearestOrListsAll() throws {
    let problems = try read("timeuot_ms: 1\ncolour: 2\n", fields: ["timeout_ms", "delivery"]) { _ in }
    #expect(
      problems == [
        "f.yaml:1:1: timeuot_ms is not a known field; did you mean \"timeout_ms\"?",
        "f.yaml:2:1: colour is not a known field; known here: delivery, timeout_ms",
      ])
  }

  @Test func nullCountsAsAbsentAndAListIsNoMapping() throws {
    #expect(try read("a:\n", fields: ["a"]) { _ = $0.text("a", required: true) } == ["f.yaml:1:1: a is required"])
    #expect(try read("- a\n", fields: ["a"]) { _ in } == ["f.yaml:1:1: the file must be a mapping of fields, not a list"])
  }

  @Test func problemsAreBounded() throws {
    let text = (0..<500).map { "x\($0): 1\n" }.joined()
    #expect(try read(Bytes(text), fields: ["a"]) { _ in }.count == FieldProblems.problemsMax)
  }
}
