/// One check of one document. Collects violations until there are enough of them.
struct SchemaCheck {
  private enum Step {
    case member(String)
    case element(Int)
  }

  /// What putting a violation into words costs, in steps.
  private static let reportCost = 20
  /// Alternatives whose first violation is told when none matches.
  private static let alternativesToldMax = 3

  private let nodes: [SchemaNodeReference]
  private var path: [Step] = []
  private var violations: [SchemaViolation] = []
  private var steps = 0
  private var depth = 0
  private var isExhausted = false
  /// Of an alternative only the first violation is told, so that the search for more would be wasted.
  private var violationsMax = JSONSchema.violationsMax
  /// Violations count, but nobody will read them.
  private var isQuiet = false

  init(_ nodes: [SchemaNodeReference]) { self.nodes = nodes }

  mutating func run(_ value: JSONValue) -> [SchemaViolation] {
    check(0, value)
    guard isExhausted else { return violations }
    let message = "is nested too deeply or is too large to be checked against its schema"
    return [SchemaViolation(path: JSONPointer(), message: message)]
  }

  private mutating func check(_ index: Int, _ value: JSONValue) {
    guard violations.count < violationsMax, enter() else { return }
    defer { depth -= 1 }
    let reference = nodes[index]  // Held so that its fields are read in place.
    guard !reference.node.isNever else { return report("is not allowed here") }
    if let types = reference.node.types, !types.isMatched(by: value) {
      report("must be of type \(types.names), not \(value.typeName)")
      return  // What follows would only repeat that.
    }
    checkEnumeration(reference.node, value)
    switch value {
    case .string(let text): if let rules = reference.node.text { check(text, rules) }
    case .number(let number): if let rules = reference.node.number { check(number, rules) }
    case .array(let elements): if let rules = reference.node.array { check(elements, rules) }
    case .object(let object): if let rules = reference.node.object { check(object, rules) }
    case .null, .boolean: break
    }
    checkInPlace(reference.node, value)
  }

  private mutating func checkInPlace(_ node: SchemaNode, _ value: JSONValue) {
    if let reference = node.reference { check(reference, value) }
    for part in node.allOf { check(part, value) }
    if let anyOf = node.anyOf { check(anyOf, value, exactlyOne: false) }
    if let oneOf = node.oneOf { check(oneOf, value, exactlyOne: true) }
    if let not = node.not, matches(not, value) {
      let message = nodes[not].node.forbiddenMessage
      report(message)
    }
  }

  private mutating func checkEnumeration(_ node: SchemaNode, _ value: JSONValue) {
    if let allowed = node.enumeration, !allowed.contains(value) {
      report("must be one of \(allowed.map(\.shown).joined(separator: ", "))")
    }
    if let constant = node.constant, constant != value { report("must be \(constant.shown)") }
  }

  private mutating func check(_ alternatives: SchemaNode.Alternatives, _ value: JSONValue, exactlyOne: Bool) {
    var matched: [Int] = []
    var failures: [String] = []
    for (number, alternative) in alternatives.nodes.enumerated() {
      let found = attempt(alternative, value)
      guard let first = found.first else {
        matched.append(number + 1)
        if exactlyOne { continue } else { return }
      }
      if !isQuiet, failures.count < SchemaCheck.alternativesToldMax { failures.append("(\(number + 1)) \(first)") }
    }
    guard matched.count != 1 else { return }
    if let names = alternatives.memberNames {
      let quoted = names.map { "\"\($0)\"" }.joined(separator: ", ")
      report("must have \(exactlyOne ? "exactly" : "at least") one of the members \(quoted)")
    } else if matched.isEmpty {
      report("matches none of \(alternatives.nodes.count) alternatives: \(failures.joined(separator: "; "))")
    } else {
      report("matches alternatives \(matched.map(String.init).joined(separator: " and ")); only one may match")
    }
  }

  /// Whether `value` matches, without a word on why not.
  private mutating func matches(_ index: Int, _ value: JSONValue) -> Bool {
    let before = isQuiet
    isQuiet = true
    defer { isQuiet = before }
    return attempt(index, value).isEmpty
  }

  /// The violations of `value` against one subschema, kept apart from those of the document.
  private mutating func attempt(_ index: Int, _ value: JSONValue) -> [SchemaViolation] {
    let before = (violations, violationsMax)
    (violations, violationsMax) = ([], 1)
    check(index, value)
    defer { (violations, violationsMax) = before }
    return violations
  }

  private mutating func check(_ text: String, _ rules: SchemaNode.TextRules) {
    if rules.lengthMin != nil || rules.lengthMax != nil {
      let length = text.unicodeScalars.count
      if let min = rules.lengthMin, length < min { report("must have at least \(min) characters, not \(length)") }
      if let max = rules.lengthMax, length > max { report("must have at most \(max) characters, not \(length)") }
    }
    switch rules.format {
    case .uuid where RawUUID(text) == nil: report("must be a UUID of 36 characters (RFC 9562)")
    case .dateTime where Timestamp(rfc3339: text) == nil:
      report("must be a date and time such as 2026-11-21T03:48:54Z (RFC 3339)")
    default: break
    }
    guard let pattern = rules.pattern, charge(text.utf8.count * pattern.size / 8) else { return }
    if !pattern.matches(text) { report("must match the pattern \(pattern.source)") }
  }

  private mutating func check(_ number: JSONNumber, _ rules: SchemaNode.NumberRules) {
    if let bound = rules.minimum, number.isLess(than: bound) { report("must be at least \(bound.literal)") }
    if let bound = rules.maximum, bound.isLess(than: number) { report("must be at most \(bound.literal)") }
    if let bound = rules.exclusiveMinimum, !bound.isLess(than: number) { report("must be above \(bound.literal)") }
    if let bound = rules.exclusiveMaximum, !number.isLess(than: bound) { report("must be below \(bound.literal)") }
    if let unit = rules.multipleOf, !number.isMultiple(of: unit) { report("must be a multiple of \(unit.literal)") }
  }

  private mutating func check(_ elements: [JSONValue], _ rules: SchemaNode.ArrayRules) {
    if let min = rules.countMin, elements.count < min { report("must have at least \(min) elements, not \(elements.count)") }
    if let max = rules.countMax, elements.count > max { report("must have at most \(max) elements, not \(elements.count)") }
    if rules.isUnique { checkUnique(elements) }
    guard rules.items != nil || !rules.prefix.isEmpty else { return }
    for (index, element) in elements.enumerated() {
      guard violations.count < violationsMax, !isExhausted else { return }
      guard let schema = index < rules.prefix.count ? rules.prefix[index] : rules.items else { return }
      path.append(.element(index))
      check(schema, element)
      path.removeLast()
    }
  }

  private mutating func checkUnique(_ elements: [JSONValue]) {
    var seen: [UniqueElement: Int] = [:]
    for (index, element) in elements.enumerated() {
      if let first = seen.updateValue(index, forKey: UniqueElement(element)) {
        return report("must have different elements; numbers \(first) and \(index) are equal (counted from 0)")
      }
    }
  }

  private mutating func check(_ object: JSONObject, _ rules: SchemaNode.ObjectRules) {
    if let min = rules.countMin, object.count < min { report("must have at least \(min) members, not \(object.count)") }
    if let max = rules.countMax, object.count > max { report("must have at most \(max) members, not \(object.count)") }
    for name in rules.required where object[name] == nil { report("must have the member \"\(name)\"") }
    for member in object.members {
      guard violations.count < violationsMax, !isExhausted else { return }
      let known = rules.properties[member.name]
      if known == nil, rules.isClosed {
        reportUnknown(member.name, rules)
      } else if let schema = known ?? rules.additional {
        path.append(.member(member.name))
        check(schema, member.value)
        path.removeLast()
      }
    }
  }

  private mutating func reportUnknown(_ name: String, _ rules: SchemaNode.ObjectRules) {
    let meant = NearestName.suggestion(for: name, among: rules.properties.keys.sorted())
    let hint = meant.map { "; did you mean \"\($0)\"?" } ?? ""
    report("must not have the member \"\(SchemaCheck.shortened(name))\"\(hint)")
  }

  private mutating func report(_ message: @autoclosure () -> String) {
    guard violations.count < violationsMax else { return }
    guard !isQuiet else {
      violations.append(SchemaViolation(path: JSONPointer(), message: ""))
      return
    }
    guard charge(SchemaCheck.reportCost + path.count) else { return }
    let tokens = path.map { step in
      switch step {
      case .member(let name): SchemaCheck.shortened(name)
      case .element(let index): String(index)
      }
    }
    violations.append(SchemaViolation(path: JSONPointer(tokens), message: message()))
  }

  private static func shortened(_ name: String) -> String {
    name.utf8.count <= SchemaViolation.tokenLengthMax ? name : name.prefix(SchemaViolation.tokenLengthMax) + "…"
  }

  private mutating func enter() -> Bool {
    guard charge(1) else { return false }
    guard depth < JSONSchema.checkDepthMax else {
      isExhausted = true
      return false
    }
    depth += 1
    return true
  }

  private mutating func charge(_ cost: Int) -> Bool {
    steps += cost
    if steps > JSONSchema.checkStepsMax { isExhausted = true }
    return !isExhausted
  }
}

extension SchemaNode {
  /// What to say of a value that matches this schema where it must not.
  fileprivate var forbiddenMessage: String {
    if let summary { return "must not be or have: \(summary)" }
    return "matches what its schema forbids (\"not\")"
  }
}

extension SchemaNode.Types {
  fileprivate func isMatched(by value: JSONValue) -> Bool {
    switch value {
    case .null: contains(.null)
    case .boolean: contains(.boolean)
    case .number(let number): contains(.number) || (contains(.integer) && number.isWhole)
    case .string: contains(.string)
    case .array: contains(.array)
    case .object: contains(.object)
    }
  }
}

extension JSONValue {
  /// A value of the schema, for messages.
  fileprivate var shown: String {
    switch self {
    case .string(let text): "\"\(text)\""
    case .number(let number): number.literal
    case .boolean(let value): "\(value)"
    case .null: "null"
    case .array: "a certain array"
    case .object: "a certain object"
    }
  }
}
