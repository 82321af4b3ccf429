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

  /// Where the value that `path` leads to was written, by the name it has in its mapping; the nearest node above it when there is no
  /// such value.
  public func position(of path: JSONPointer) -> YAMLPosition {
    var node = self
    var found = position
    for token in path.tokens {
      switch node.content {
      case .mapping(let mapping):
        guard let entry = mapping.entry(token) else { return found }
        (node, found) = (entry.value, entry.namePosition)
      case .sequence(let elements):
        guard let index = Int(token), elements.indices.contains(index) else { return found }
        (node, found) = (elements[index], elements[index].position)
      case .scalar: return found
      }
    }
    return found
  }
}
