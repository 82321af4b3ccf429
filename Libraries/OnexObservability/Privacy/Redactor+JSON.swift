import OnexCore

extension Redactor {
  /// As for texts, in every text of a document; what a member with a secret's name holds goes as a whole. Recursion is bounded by the
  /// parser's depth.
  ///
  /// - Returns: `nil` when there was nothing.
  func redacted(_ value: JSONValue) -> JSONValue? {
    switch value {
    case .string(let text): return redacted(text).map { .string($0) }
    case .array(var elements):
      var isChanged = false
      for (index, element) in elements.enumerated() {
        guard let new = redacted(element) else { continue }
        elements[index] = new
        isChanged = true
      }
      return isChanged ? .array(elements) : nil
    case .object(let object): return redacted(object).map { .object($0) }
    case .null, .boolean, .number: return nil
    }
  }

  func redacted(_ object: JSONObject) -> JSONObject? {
    // One pass: looking first and replacing afterwards would double the work with every level.
    var result: JSONObject?
    for (index, member) in object.members.enumerated() {
      let (newName, newValue) = (redacted(member.name), redacted(member.value, named: member.name))
      if result == nil {
        guard newName != nil || newValue != nil else { continue }
        result = JSONObject(object.members[..<index].map { ($0.name, $0.value) })
      }
      var name = newName ?? member.name
      // Two addresses as names must not become one member.
      while newName != nil, result?[name] != nil || object[name] != nil { name += "+" }
      result?.append(name, newValue ?? member.value)
    }
    return result
  }

  private func redacted(_ value: JSONValue, named name: String) -> JSONValue? {
    guard SecretName.isSecret(name) else { return redacted(value) }
    switch value {
    // Whether there is a secret is none.
    case .null, .boolean: return nil
    case .string(let text) where text.isEmpty || text == RedactionKind.secret.mark: return nil
    case .string, .number, .array, .object: return .string(RedactionKind.secret.mark)
    }
  }
}
