import OnexCore

extension Redactor {
  /// As for texts, in every text of a document; the value of a member with a secret's name goes as a whole. Recursion is bounded by the
  /// parser's depth, the time is linear in the document.
  ///
  /// - Returns: `nil` when there was nothing.
  func redacted(_ value: JSONValue, _ budget: DecodingBudget) throws(FieldProblem) -> JSONValue? {
    switch value {
    case .string(let text):
      try budget.check(text.utf8.count)
      return redacted(text).map { .string($0) }
    case .array(let elements): return try redacted(elements, budget)
    case .object(let object): return try redacted(object, budget).map { .object($0) }
    case .null, .boolean, .number: return nil
    }
  }

  private func redacted(_ elements: [JSONValue], _ budget: DecodingBudget) throws(FieldProblem) -> JSONValue? {
    try budget.check(elements.count)
    // `["Authorization", "x"]`
    if elements.count == 2, let name = elements[0].string, let meaning = SecretName.meaning(name), let value = elements[1].string,
      meaning == .header || !Redactor.isName(value), let mark = secret(elements[1], .secret)
    {
      return .array([elements[0], mark])
    }
    var result: [JSONValue]?
    for (index, element) in elements.enumerated() {
      guard let new = try redacted(element, budget) else { continue }
      if result == nil { result = elements }
      result?[index] = new
    }
    return result.map { .array($0) }
  }

  func redacted(_ object: JSONObject, _ budget: DecodingBudget) throws(FieldProblem) -> JSONObject? {
    try budget.check(object.count)
    let isPair = Redactor.namesSecret(object)
    // One pass: looking first and replacing afterwards would double the work with every level.
    var names = UniqueNames(object)
    var result: [(String, JSONValue)]?
    for (index, member) in object.members.enumerated() {
      let newName = redacted(member.name)
      let newValue =
        isPair && Redactor.pairValues.contains(member.name.lowercased())
        ? secret(member.value, .secret) : try redacted(member.value, named: member.name, budget)
      if result == nil {
        guard newName != nil || newValue != nil else { continue }
        result = object.members[..<index].map { ($0.name, $0.value) }
        result?.reserveCapacity(object.count)
      }
      result?.append((newName.map { names.unique($0) } ?? member.name, newValue ?? member.value))
    }
    return result.map { JSONObject($0) }
  }

  private func redacted(_ value: JSONValue, named name: String, _ budget: DecodingBudget) throws(FieldProblem) -> JSONValue? {
    if let meaning = SecretName.meaning(name) { return secret(value, meaning) }
    if let phone = phone(value, named: name) { return phone }
    return try redacted(value, budget)
  }

  private func secret(_ value: JSONValue, _ meaning: SecretName.Meaning) -> JSONValue? {
    switch value {
    // Whether there is a secret is none.
    case .null, .boolean: return nil
    case .string(let text) where text.isEmpty || text == RedactionKind.secret.mark: return nil
    // `"tokens": 512`, `"tokens": {"in": 812}`
    case .number, .array, .object: if meaning == .secrets, !Redactor.holdsText(value) { return nil }
    case .string: break
    }
    return .string(RedactionKind.secret.mark)
  }

  private static func holdsText(_ value: JSONValue) -> Bool {
    switch value {
    case .string(let text): !text.isEmpty
    case .array(let elements): elements.contains(where: holdsText)
    case .object(let object): object.members.contains { holdsText($0.value) }
    case .null, .boolean, .number: false
    }
  }

  // MARK: Pairs

  private static let pairNames: Set<String> = ["name", "key", "header", "variable", "field", "env", "parameter", "id"]
  private static let pairValues: Set<String> = ["value", "val", "default", "content"]

  /// `{"name": "DB_PASSWORD", "value": …}`
  private static func namesSecret(_ object: JSONObject) -> Bool {
    guard (2...16).contains(object.count) else { return false }
    return object.members.contains { member in
      guard let text = member.value.string, text.utf8.count <= SecretName.bytesMax else { return false }
      return pairNames.contains(member.name.lowercased()) && SecretName.meaning(text) != nil
    }
  }

  /// `["password", "email"]` is a list of names.
  private static func isName(_ text: String) -> Bool {
    text.utf8.count <= 24 && text.utf8.allSatisfy { TextScanner.isLower($0) || $0 == 0x5F }
  }

  // MARK: Telephone

  /// A number without `+` under a name that says so: `"phone": "030 1234567"`.
  private func phone(_ value: JSONValue, named name: String) -> JSONValue? {
    let text: String
    switch value {
    case .string(let string): text = string
    case .number(let number): text = number.literal
    default: return nil
    }
    guard (7...32).contains(text.utf8.count), name.utf8.count <= SecretName.bytesMax else { return nil }
    return redacted("\(name): \(text)") == "\(name): \(RedactionKind.phone.mark)" ? .string(RedactionKind.phone.mark) : nil
  }
}

/// Keeps the names of an object's members apart while some of them are replaced. Constant time a name.
struct UniqueNames {
  private let object: JSONObject
  /// Names by their bytes: two texts that look the same are two names.
  private var taken: Set<Bytes>?
  private var next: [Bytes: Int] = [:]

  init(_ object: JSONObject) { self.object = object }

  /// - Returns: the name, with a number where another member has it already.
  mutating func unique(_ name: String) -> String {
    var taken = self.taken.take() ?? Set(object.members.map { Bytes($0.name) })
    defer { self.taken = taken }
    let bytes = Bytes(name)
    if taken.insert(bytes).inserted { return name }
    var number = next[bytes, default: 2]
    while !taken.insert(Bytes("\(name)#\(number)")).inserted { number += 1 }
    next[bytes] = number + 1
    return "\(name)#\(number)"
  }
}
