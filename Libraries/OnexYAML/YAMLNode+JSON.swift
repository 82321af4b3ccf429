import OnexCore

extension YAMLNode {
  /// The same document as JSON.
  ///
  /// - Throws: a problem at the first number that JSON cannot express (`.inf`, `.nan`).
  public func toJSON(file: String) throws(YAMLError) -> JSONValue {
    switch content {
    case .sequence(let elements):
      var array: [JSONValue] = []
      array.reserveCapacity(elements.count)
      for element in elements { array.append(try element.toJSON(file: file)) }
      return .array(array)
    case .mapping(let mapping):
      var object = JSONObject()
      for entry in mapping.entries { object.append(entry.name, try entry.value.toJSON(file: file)) }
      return .object(object)
    case .scalar(let scalar):
      switch scalar.value {
      case .null: return .null
      case .boolean(let value): return .boolean(value)
      case .number(let number): return .number(number)
      case .string: return .string(scalar.text)
      case .notFinite:
        throw YAMLError([YAMLProblem(.invalidYAML, file: file, at: position, "JSON has no number \(scalar.text)")])
      }
    }
  }

  /// Where the value that `path` leads to was written; the nearest node above it when there is no such value.
  public func position(of path: JSONPointer) -> YAMLPosition {
    var node = self
    for token in path.tokens {
      let child =
        switch node.content {
        case .mapping(let mapping): mapping[token]
        case .sequence(let elements): Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        case .scalar: YAMLNode?.none
        }
      guard let child else { break }
      node = child
    }
    return node.position
  }
}
