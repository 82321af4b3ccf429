/// Turns a schema document into nodes. Node 0 is the root.
struct SchemaCompiler {
  private static let nestingMax = 64

  let document: JSONValue
  var nodes: [SchemaNode] = []
  private var problems: [SchemaError.Problem] = []
  private var indexOfPointer: [JSONPointer: Int] = [:]
  private var references: [(node: Int, target: JSONPointer, keyword: JSONPointer)] = []

  init(_ document: JSONValue) { self.document = document }

  mutating func compile() throws(SchemaError) -> [SchemaNode] {
    _ = schema(document, at: JSONPointer())
    // Resolved one by one and not where they stand: a chain of references must not become a chain of calls.
    var next = 0
    while next < references.count {
      resolve(references[next])
      next += 1
    }
    if problems.isEmpty { checkInPlaceDepth() }
    guard problems.isEmpty else { throw SchemaError(problems: problems) }
    return nodes
  }

  /// The index of the subschema at `pointer`, compiled on first sight.
  mutating func schema(_ value: JSONValue, at pointer: JSONPointer) -> Int {
    if let known = indexOfPointer[pointer] { return known }
    let index = nodes.count
    indexOfPointer[pointer] = index
    nodes.append(SchemaNode(index: index))
    guard index < JSONSchema.nodesMax, pointer.tokens.count <= SchemaCompiler.nestingMax else {
      if index <= JSONSchema.nodesMax {
        invalid(pointer, "a schema has at most \(JSONSchema.nodesMax) subschemas and \(SchemaCompiler.nestingMax) levels")
      }
      return index
    }
    var node = SchemaNode(index: index)
    switch value {
    case .boolean(let allows): node.isNever = !allows
    case .object(let object):
      for member in object.members { keyword(member.name, member.value, pointer.appending(member.name), &node) }
      node.summary = object["description"]?.string ?? object["title"]?.string
    default: invalid(pointer, "a schema is an object or a boolean, not \(value.typeName)")
    }
    nodes[index] = node
    return index
  }

  mutating func refer(from node: Int, to value: JSONValue, _ keyword: JSONPointer) {
    guard let text = value.string, text.first == "#", !text.contains("%"), let target = JSONPointer(text.dropFirst()) else {
      invalid(keyword, "only references into the same document are followed: \"#\" or \"#/$defs/name\"")
      return
    }
    references.append((node, target, keyword))
  }

  mutating func invalid(_ pointer: JSONPointer, _ message: String) {
    problems.append(SchemaError.Problem(.invalidKeyword, at: pointer, message))
  }

  mutating func unknown(_ name: String, _ pointer: JSONPointer) {
    let meant = NearestName.suggestion(for: name, among: SchemaCompiler.keywords)
    let hint = meant.map { "; did you mean \"\($0)\"?" } ?? ""
    problems.append(
      SchemaError.Problem(.unknownKeyword, at: pointer, "\"\(name.prefix(64))\" is not a keyword of the supported subset\(hint)"))
  }

  private mutating func resolve(_ reference: (node: Int, target: JSONPointer, keyword: JSONPointer)) {
    guard let value = reference.target.resolve(in: document) else {
      invalid(reference.keyword, "there is nothing at #\(reference.target)")
      return
    }
    let target = schema(value, at: reference.target)
    nodes[reference.node].reference = target
  }

  /// A schema that leads back to itself without going into the value would never end; a long chain would exhaust the stack.
  private mutating func checkInPlaceDepth() {
    var heights = [Int?](repeating: nil, count: nodes.count)
    for index in nodes.indices where height(of: index, depth: 0, &heights) == nil {
      let pointer = indexOfPointer.first { $0.value == index }?.key ?? JSONPointer()
      invalid(
        pointer, "the schema applies to one value through more than \(JSONSchema.inPlaceDepthMax) others, or refers to itself")
      return
    }
  }

  /// Subschemas in place below `index`; `nil` when there are too many or they form a circle.
  private func height(of index: Int, depth: Int, _ heights: inout [Int?]) -> Int? {
    if let known = heights[index] { return known }
    guard depth <= JSONSchema.inPlaceDepthMax else { return nil }
    var highest = 0
    for child in nodes[index].inPlace {
      guard let below = height(of: child, depth: depth + 1, &heights), below < JSONSchema.inPlaceDepthMax else { return nil }
      highest = max(highest, below + 1)
    }
    heights[index] = highest
    return highest
  }
}
