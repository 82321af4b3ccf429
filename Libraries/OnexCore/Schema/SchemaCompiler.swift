/// Turns a schema document into nodes. Node 0 is the root.
///
/// Subschemas are compiled first, each with the base URI of the schema resource that it belongs to. References are resolved afterwards,
/// when every `$id` and `$anchor` of the document is known (JSON Schema core sections 8.2 and 9).
struct SchemaCompiler {
  private static let nestingMax = 64
  /// Problems that are reported, each with its place, so that a file of nothing but mistakes costs no more than one with some.
  private static let problemsMax = 200

  private struct Reference {
    let node: Int
    /// The schema that has the `$ref`.
    let from: JSONPointer
    let target: URIReference
    /// As it was written.
    let text: String
  }

  /// A schema with a URI: the document, or a subschema with `$id`.
  private struct Resource {
    let base: URIReference
    let root: JSONPointer
    var anchors: [ExactText: JSONPointer] = [:]
  }

  let document: JSONValue
  let formats: JSONSchema.FormatPolicy
  var nodes: [SchemaNode] = []
  /// The subschema to which each reference leads, by the place of the schema that has the `$ref`.
  private(set) var targets: [JSONPointer: JSONPointer] = [:]
  private var problems: [SchemaError.Problem] = []
  private var indexOfPointer: [JSONPointer: Int] = [:]
  private var pointers: [JSONPointer] = []
  /// The resource of each node.
  private var resourceOfNode: [Int] = []
  private var resources: [Resource] = [Resource(base: URIReference(""), root: JSONPointer())]
  private var resourceOfURI: [ExactText: Int] = [ExactText(""): 0]
  private var references: [Reference] = []
  private var currentResource = 0

  init(_ document: JSONValue, _ formats: JSONSchema.FormatPolicy) {
    self.document = document
    self.formats = formats
  }

  mutating func compile() throws(SchemaError) -> [SchemaNode] {
    _ = schema(document, at: JSONPointer())
    // Resolved one by one and not where they are written: a chain of references must not become a chain of calls.
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
    pointers.append(pointer)
    resourceOfNode.append(currentResource)
    guard index < JSONSchema.nodesMax, pointer.tokens.count <= SchemaCompiler.nestingMax else {
      if index <= JSONSchema.nodesMax {
        invalid(pointer, "a schema has at most \(JSONSchema.nodesMax) subschemas and \(SchemaCompiler.nestingMax) levels")
      }
      return index
    }
    var node = SchemaNode(index: index)
    let outer = currentResource
    switch value {
    case .boolean(let allows): node.isNever = !allows
    case .object(let object):
      identify(object, pointer)
      resourceOfNode[index] = currentResource
      for member in object.members { keyword(member.name, member.value, pointer.appending(member.name), &node) }
      finish(&node, object, pointer)
    default: invalid(pointer, "a schema is an object or a boolean, not \(value.typeName)")
    }
    currentResource = outer
    nodes[index] = node
    return index
  }

  mutating func refer(from node: Int, to value: JSONValue, _ keyword: JSONPointer) {
    guard let text = value.string else { return invalid(keyword, "must be a URI reference such as \"#/$defs/name\"") }
    let target = URIReference(text).resolved(against: resources[currentResource].base)
    references.append(Reference(node: node, from: pointers[node], target: target, text: text))
  }

  mutating func invalid(_ pointer: JSONPointer, _ message: @autoclosure () -> String) {
    add(.invalidKeyword, pointer, message)
  }

  mutating func unknown(_ pointer: JSONPointer, _ message: @autoclosure () -> String) {
    add(.unknownKeyword, pointer, message)
  }

  private mutating func add(_ kind: SchemaError.Problem.Kind, _ pointer: JSONPointer, _ message: () -> String) {
    guard problems.count <= SchemaCompiler.problemsMax else { return }
    guard problems.count < SchemaCompiler.problemsMax else {
      let message = "from here on problems are not listed, since there are more than \(SchemaCompiler.problemsMax)"
      return problems.append(SchemaError.Problem(kind, at: pointer, message))
    }
    problems.append(SchemaError.Problem(kind, at: pointer, message()))
  }

  // MARK: Resources, anchors and references

  /// Reads `$id` and `$anchor` before every other keyword, since they say what the others refer to.
  private mutating func identify(_ object: JSONObject, _ pointer: JSONPointer) {
    for member in object.members where member.name == "$id" { identify(member.value, root: pointer) }
    for member in object.members where member.name == "$anchor" {
      let place = pointer.appending("$anchor")
      guard let name = member.value.string, SchemaCompiler.isAnchor(name) else {
        invalid(place, "must be a name of letters, digits, \"-\", \"_\" and \".\" that begins with a letter or \"_\"")
        continue
      }
      guard resources[currentResource].anchors.updateValue(pointer, forKey: ExactText(name)) == nil else {
        invalid(place, "the anchor \"\(name)\" occurs twice in one schema resource")
        continue
      }
    }
  }

  private mutating func identify(_ value: JSONValue, root pointer: JSONPointer) {
    let place = pointer.appending("$id")
    guard let text = value.string else { return invalid(place, "must be a URI reference") }
    let reference = URIReference(text)
    guard reference.fragment ?? "" == "" else {
      return invalid(place, "must have no fragment (\"#…\"); a name inside a schema is given by \"$anchor\"")
    }
    let base = reference.withoutFragment.resolved(against: resources[currentResource].base)
    let key = ExactText(base.description)
    if pointer.tokens.isEmpty {
      // The root may be referred to by its URI and, when nothing has a URI, by the empty one.
      resources[0] = Resource(base: base, root: pointer)
      resourceOfURI[key] = 0
      return
    }
    if let other = resourceOfURI[key], resources[other].root != pointer {
      return invalid(place, "another schema of this document has the same URI \(base)")
    }
    resourceOfURI[key] = resources.count
    currentResource = resources.count
    resources.append(Resource(base: base, root: pointer))
  }

  private static func isAnchor(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(48...57).contains(first), first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else {
      return false
    }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
      default: false
      }
    }
  }

  private mutating func resolve(_ reference: Reference) {
    let keyword = reference.from.appending("$ref")
    guard let resource = resourceOfURI[ExactText(reference.target.withoutFragment.description)] else {
      return invalid(
        keyword,
        "\"\(SchemaCheck.shortened(reference.text))\" leads out of the document, and only references into the same document are followed: "
          + "\"#\", \"#/$defs/name\", \"#anchor\" or the \"$id\" of a subschema")
    }
    guard let fragment = reference.target.decodedFragment else {
      return invalid(keyword, "has a malformed percent-encoding behind \"#\"")
    }
    guard fragment.isEmpty || fragment.utf8.first == UInt8(ascii: "/") else {
      guard let pointer = resources[resource].anchors[ExactText(fragment)], let index = indexOfPointer[pointer] else {
        return invalid(keyword, "there is no \"$anchor\" with the name \"\(fragment)\" in the schema that is referred to")
      }
      return connect(reference, to: index, at: pointer)
    }
    guard let path = JSONPointer(fragment) else {
      return invalid(keyword, "has a malformed JSON Pointer: \"~\" is followed by 0 or 1")
    }
    let pointer = JSONPointer(resources[resource].root.tokens + path.tokens)
    if let known = indexOfPointer[pointer] { return connect(reference, to: known, at: pointer) }
    guard let value = pointer.resolve(in: document) else {
      return invalid(keyword, "there is nothing at #\(path)")
    }
    // A place that no keyword makes a schema belongs to the innermost schema around it.
    var enclosing = pointer.tokens
    while !enclosing.isEmpty, indexOfPointer[JSONPointer(enclosing)] == nil { enclosing.removeLast() }
    currentResource = indexOfPointer[JSONPointer(enclosing)].map { resourceOfNode[$0] } ?? 0
    connect(reference, to: schema(value, at: pointer), at: pointer)
  }

  private mutating func connect(_ reference: Reference, to index: Int, at pointer: JSONPointer) {
    nodes[reference.node].reference = index
    targets[reference.from] = pointer
  }

  // MARK: Depth

  /// A schema that leads back to itself without going into the value would never end; a long chain would exhaust the stack.
  private mutating func checkInPlaceDepth() {
    var heights = [Int?](repeating: nil, count: nodes.count)
    for index in nodes.indices where height(of: index, depth: 0, &heights) == nil {
      invalid(
        pointers[index],
        "the schema applies to one value through more than \(JSONSchema.inPlaceDepthMax) others, or refers to itself")
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
