import CSimdJSON
import OnexCore

extension JSONValue {
  /// Parses a whole document. A name that an object has twice, escapes resolved, is refused: two readers would see two different
  /// documents. Names are compared by their bytes (`ExactText`).
  public static func parse(_ text: Bytes, depthMax: Int = JSONParser.depthMax) throws(JSONError) -> JSONValue {
    var parser = JSONParser()
    return try parser.parse(text, depthMax: depthMax)
  }
}

extension JSONParser {
  /// As `JSONValue.parse`, with this parser's buffers.
  public mutating func parse(_ text: Bytes, depthMax: Int = JSONParser.depthMax) throws(JSONError) -> JSONValue {
    try text.withUnsafeBytes { buffer throws(JSONError) in
      try walk(buffer, depthMax: depthMax) { nodes throws(JSONError) in
        var builder = TreeBuilder(text: buffer, nodes: nodes)
        return try builder.value()
      }
    }
  }
}

/// Builds the tree from the nodes in document order. Recursion is bounded by the walk's `depthMax`.
private struct TreeBuilder {
  let text: UnsafeRawBufferPointer
  let nodes: UnsafeBufferPointer<onex_json_node>
  private var position = 0

  init(text: UnsafeRawBufferPointer, nodes: UnsafeBufferPointer<onex_json_node>) {
    self.text = text
    self.nodes = nodes
  }

  mutating func value() throws(JSONError) -> JSONValue {
    let node = nodes[position]
    position += 1
    switch onex_json_kind(rawValue: UInt32(node.kind)) {
    case ONEX_JSON_NULL: return .null
    case ONEX_JSON_FALSE: return .boolean(false)
    case ONEX_JSON_TRUE: return .boolean(true)
    case ONEX_JSON_STRING: return .string(try JSONText.string(node, in: text))
    case ONEX_JSON_ARRAY: return try array(Int(node.children))
    case ONEX_JSON_OBJECT: return try object(Int(node.children))
    default:
      let literal = text[Int(node.start)..<Int(node.start) + Int(node.length)]
      return .number(JSONNumber(validatedLiteral: String(decoding: literal, as: UTF8.self)))
    }
  }

  private mutating func array(_ count: Int) throws(JSONError) -> JSONValue {
    var elements: [JSONValue] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try value()) }
    return .array(elements)
  }

  private mutating func object(_ count: Int) throws(JSONError) -> JSONValue {
    var object = JSONObject()
    object.reserveCapacity(count)
    for _ in 0..<count {
      let node = nodes[position]
      position += 1
      let name = try JSONText.string(node, in: text)
      guard object.appendIfNew(name, try value()) else {
        throw JSONError(.duplicateName, "the name \"\(name.prefix(64))\" occurs twice in one object", offset: Int(node.start))
      }
    }
    return .object(object)
  }
}

extension JSONParser {
  /// Whether `text` is a valid document whose root is an object.
  public mutating func isObject(_ text: Bytes) throws(JSONError) -> Bool {
    try text.withUnsafeBytes { buffer throws(JSONError) in
      try walk(buffer, recordDepth: 1) { nodes in nodes[0].kind == UInt8(ONEX_JSON_OBJECT.rawValue) }
    }
  }
}
