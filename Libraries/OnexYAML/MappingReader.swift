import OnexCore

/// Reads the fields of a mapping. A missing, unknown or ill-typed field becomes a problem with its position, never an early end:
/// the reader goes on, so that one run reports everything.
///
///     let problems = FieldProblems(file: path)
///     guard let topic = MappingReader(node, "topic", fields: ["name", "partitions"], problems) else { … }
///     let name = topic.text("name", required: true)
///     let partitions = topic.integer("partitions", in: 1...1000) ?? 6
///     guard problems.isEmpty else { … }
public struct MappingReader {
  /// Longest text of a field that names something.
  public static let textBytesMax = 1024
  /// Most elements of a list of texts.
  public static let listCountMax = 1000

  public let position: YAMLPosition
  public let problems: FieldProblems
  /// How messages name this mapping: `retry`, `operations[2]`; empty for the whole file.
  public let path: String

  private let mapping: YAMLMapping
  private let fields: [String]

  /// Notes every field that is not in `fields`; `nil`, with a problem, when `node` is no mapping.
  public init?(_ node: YAMLNode, _ path: String = "", fields: [String], _ problems: FieldProblems) {
    guard let mapping = node.mapping else {
      let subject = path.isEmpty ? "the file" : path
      problems.add(.invalidField, at: node.position, "\(subject) must be a mapping of fields, not \(node.typeName)")
      return nil
    }
    self.mapping = mapping
    self.position = node.position
    self.problems = problems
    self.path = path
    self.fields = fields
    for entry in mapping.entries where !fields.contains(entry.name) { noteUnknown(entry) }
  }

  public func has(_ name: String) -> Bool { node(name) != nil }

  /// The field's node; `nil` when the field is absent or null.
  public func node(_ name: String, required: Bool = false) -> YAMLNode? {
    precondition(fields.contains(name), "a field that is read is a field that is known")
    if let value = mapping[name], !value.isNull { return value }
    if required { missing(name) }
    return nil
  }

  /// Text that is not empty.
  public func text(
    _ name: String, required: Bool = false, bytesMax: Int = MappingReader.textBytesMax
  ) -> Located<String>? {
    node(name, required: required).flatMap { text($0, qualified(name), bytesMax) }
  }

  /// One of the raw values of `Choice`.
  public func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, of type: Choice.Type, required: Bool = false
  ) -> Choice? where Choice.RawValue == String {
    guard let node = node(name, required: required) else { return nil }
    if let text = node.text, let choice = Choice(rawValue: text) { return choice }
    let allowed = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    invalid(node, "\(qualified(name)) must be one of \(allowed), not \(node.typeName)")
    return nil
  }

  public func integer(_ name: String, in range: ClosedRange<Int>, required: Bool = false) -> Int? {
    guard let node = node(name, required: required) else { return nil }
    if let value = node.scalar?.integer, range.contains(value) { return value }
    invalid(
      node, "\(qualified(name)) must be an integer from \(range.lowerBound) to \(range.upperBound), not \(node.typeName)")
    return nil
  }

  public func number(_ name: String, in range: ClosedRange<Double>, required: Bool = false) -> Double? {
    guard let node = node(name, required: required) else { return nil }
    if let value = node.scalar?.double, range.contains(value) { return value }
    invalid(
      node, "\(qualified(name)) must be a number from \(range.lowerBound) to \(range.upperBound), not \(node.typeName)")
    return nil
  }

  public func flag(_ name: String, required: Bool = false) -> Bool? {
    guard let node = node(name, required: required) else { return nil }
    if let value = node.scalar?.boolean { return value }
    invalid(node, "\(qualified(name)) must be true or false, not \(node.typeName)")
    return nil
  }

  /// A list of texts; elements that are none are noted and left out.
  public func texts(_ name: String, required: Bool = false) -> [Located<String>]? {
    guard let elements = list(name, required: required) else { return nil }
    return elements.enumerated().compactMap { index, element in
      text(element, "\(qualified(name))[\(index)]", MappingReader.textBytesMax)
    }
  }

  /// The elements of a list.
  public func list(
    _ name: String, required: Bool = false, countMax: Int = MappingReader.listCountMax
  ) -> [YAMLNode]? {
    guard let node = node(name, required: required) else { return nil }
    guard let elements = node.sequence else {
      invalid(node, "\(qualified(name)) must be a list, not \(node.typeName)")
      return nil
    }
    guard elements.count <= countMax else {
      invalid(node, "\(qualified(name)) has \(elements.count) elements; at most \(countMax) are allowed")
      return nil
    }
    return elements
  }

  /// A mapping with fields of its own.
  public func mapping(_ name: String, fields: [String], required: Bool = false) -> MappingReader? {
    node(name, required: required).flatMap { MappingReader($0, qualified(name), fields: fields, problems) }
  }

  /// A mapping of free names to scalars, each as text: `config: {retention.ms: 1000}`.
  public func scalars(_ name: String, required: Bool = false) -> [(name: Located<String>, value: Located<String>)]? {
    guard let node = node(name, required: required) else { return nil }
    guard let entries = node.mapping?.entries else {
      invalid(node, "\(qualified(name)) must be a mapping of names to values, not \(node.typeName)")
      return nil
    }
    return entries.compactMap { entry in
      guard let scalar = entry.value.scalar, scalar.value != .null else {
        invalid(entry.value, "\(qualified(name)).\(entry.name) must be a single value, not \(entry.value.typeName)")
        return nil
      }
      return (Located(entry.name, at: entry.namePosition), Located(scalar.text, at: entry.value.position))
    }
  }

  /// The name of a field as messages show it.
  public func qualified(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  public func missing(_ name: String) {
    problems.add(.missingField, at: position, "\(qualified(name)) is required")
  }

  public func invalid(_ node: YAMLNode, _ message: String) { problems.add(.invalidField, at: node.position, message) }

  private func text(_ node: YAMLNode, _ name: String, _ bytesMax: Int) -> Located<String>? {
    guard let text = node.text else {
      let hint = node.scalar == nil ? "" : "; put it in quotes if it is meant as text"
      invalid(node, "\(name) must be text, not \(node.typeName)\(hint)")
      return nil
    }
    guard !text.isEmpty, text.utf8.count <= bytesMax else {
      invalid(node, "\(name) must have 1 to \(bytesMax) bytes, not \(text.utf8.count)")
      return nil
    }
    return Located(text, at: node.position)
  }

  private func noteUnknown(_ entry: YAMLMapping.Entry) {
    // Looking for what was meant costs more than reading the field.
    guard !problems.isFull else { return }
    let shown = qualified(String(entry.name.prefix(64)))
    let hint =
      if let meant = NearestName.suggestion(for: entry.name, among: fields) {
        "did you mean \"\(meant)\"?"
      } else {
        "known here: \(fields.sorted().joined(separator: ", "))"
      }
    problems.add(.unknownField, at: entry.namePosition, "\(shown) is not a known field; \(hint)")
  }
}
