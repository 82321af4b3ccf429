/// One check of one document. Collects violations until there are enough of them.
///
/// Every loop pays for its work in steps. When the steps are used up, the check ends and the document is refused, so that no document and
/// no schema makes a check take longer than `JSONSchema.checkStepsMax` steps.
struct SchemaCheck {
  private enum Place {
    case member(String)
    case element(Int)
  }

  /// The members or elements of one value that a subschema or its neighbours have evaluated, which `unevaluatedProperties` and
  /// `unevaluatedItems` ask for (core section 11).
  struct Evaluated {
    private(set) var words: [UInt64] = []
    private(set) var isAll = false

    func contains(_ index: Int) -> Bool {
      isAll || (index / 64 < words.count && words[index / 64] & 1 << UInt64(index % 64) != 0)
    }

    mutating func insert(_ index: Int) {
      guard !isAll else { return }
      while words.count <= index / 64 { words.append(0) }
      words[index / 64] |= 1 << UInt64(index % 64)
    }

    mutating func insertAll() { (isAll, words) = (true, []) }

    mutating func formUnion(_ other: Evaluated) {
      guard !isAll else { return }
      guard !other.isAll else { return insertAll() }
      guard !words.isEmpty else {
        words = other.words
        return
      }
      while words.count < other.words.count { words.append(0) }
      for (index, word) in other.words.enumerated() { words[index] |= word }
    }
  }

  /// The cost of putting a violation into words, in steps.
  private static let reportCost = 20
  /// Alternatives whose first violation is quoted when none matches, and the length of a quotation in Unicode scalars.
  private static let alternativesQuotedMax = 3
  private static let quotationLengthMax = 300
  private static let matchesNamedMax = 5

  let nodes: [SchemaNodeReference]
  private var path: [Place] = []
  private(set) var violations: [SchemaViolation] = []
  private let stepsMax: Int
  private(set) var steps = 0
  private var depth = 0
  private(set) var isExhausted = false
  /// Of an alternative only the first violation is quoted, so that the search for more would be wasted.
  private var violationsMax = JSONSchema.violationsMax
  /// Violations count, but their words are not needed.
  private(set) var isQuiet = false
  /// Why the schema in force applies: `because the document matches the condition "if"`.
  private var reason: String?
  /// What has been evaluated of the current value; `nil` when no subschema asks for it.
  var evaluated: Evaluated?

  init(_ nodes: [SchemaNodeReference], stepsMax: Int) {
    self.nodes = nodes
    self.stepsMax = stepsMax
  }

  mutating func run(_ value: JSONValue) -> [SchemaViolation] {
    check(0, value)
    guard isExhausted else { return violations }
    let message = "is nested too deeply or is too large to be checked against its schema"
    return [SchemaViolation(path: JSONPointer(), message: message)]
  }

  var isFinished: Bool { violations.count >= violationsMax || isExhausted }

  // MARK: One value

  mutating func check(_ index: Int, _ value: JSONValue) {
    guard violations.count < violationsMax, enter() else { return }
    defer { depth -= 1 }
    // A number can be as long as the document, and each keyword reads its digits.
    if case .number(let number) = value, !charge(number.literal.utf8.count / 8) { return }
    let reference = nodes[index]  // Held so that its fields are read in place.
    guard !reference.node.isNever else { return report("is not allowed here") }
    if let types = reference.node.types, !types.isMatched(by: value) {
      reportType(types, value)
      return  // The other keywords would only repeat that.
    }
    guard evaluated != nil || reference.node.asksForUnevaluated(of: value) else { return checkKeywords(reference, value) }
    // This subschema sees what it evaluates itself; the subschema around it sees both.
    let outer = evaluated
    evaluated = Evaluated()
    let before = violations.count
    checkKeywords(reference, value)
    // A value that does not match already would only be told that nothing has evaluated its members.
    if violations.count == before, !isExhausted { checkUnevaluated(reference, value) }
    guard var merged = outer else {
      evaluated = nil
      return
    }
    if let inner = evaluated {
      _ = charge((merged.words.count + inner.words.count) / 8)
      merged.formUnion(inner)
    }
    evaluated = merged
  }

  @inline(never)
  private mutating func reportType(_ types: SchemaNode.Types, _ value: JSONValue) {
    report("must be of type \(types.names), not \(value.typeName)")
  }

  private mutating func checkKeywords(_ reference: SchemaNodeReference, _ value: JSONValue) {
    checkEnumeration(reference, value)
    switch value {
    case .string(let text): if let rules = reference.node.text { check(text, rules.value) }
    case .number(let number): if let rules = reference.node.number { check(number, rules.value) }
    case .array(let elements): if let rules = reference.node.array { check(elements, rules) }
    case .object(let object): if let rules = reference.node.object { check(object, rules, value) }
    case .null, .boolean: break
    }
    checkInPlace(reference, value)
  }

  @inline(never)
  private mutating func checkEnumeration(_ reference: SchemaNodeReference, _ value: JSONValue) {
    if let enumeration = reference.node.enumeration {
      let canBeKnown = !value.isContainer || enumeration.hasContainers
      guard charge(canBeKnown ? value.readingCost : 0) else { return }
      if !canBeKnown || !enumeration.values.contains(value) { report(enumeration.message) }
    }
    if let constant = reference.node.constant {
      guard charge(value.isContainer && constant.isContainer ? value.readingCost : 0) else { return }
      if constant != value { report("must be \(constant.shown)") }
    }
  }

  @inline(never)
  private mutating func check(_ text: String, _ rules: SchemaNode.TextRules) {
    guard charge(text.utf8.count / 32) else { return }
    if rules.lengthMin != nil || rules.lengthMax != nil {
      let length = text.unicodeScalars.count
      if let min = rules.lengthMin, length < min { report("must have at least \(min) characters, not \(length)") }
      if let max = rules.lengthMax, length > max { report("must have at most \(max) characters, not \(length)") }
    }
    if let format = rules.format {
      guard charge(format.cost(of: text)) else { return }
      if !format.isMatched(by: text) { report("must be \(format.meaning)") }
    }
    if let pattern = rules.pattern, !matches(pattern, text) {
      report("must match the pattern \(SchemaCheck.shortened(pattern.source))")
    }
  }

  /// Also `true` when there are no steps left for it, which the check ends with.
  mutating func matches(_ pattern: LinearPattern, _ text: String) -> Bool {
    charge(pattern.cost(of: text)) ? pattern.matches(text) : true
  }

  @inline(never)
  private mutating func check(_ number: JSONNumber, _ rules: SchemaNode.NumberRules) {
    if let bound = rules.minimum, number.isLess(than: bound) { report("must be at least \(bound.literal)") }
    if let bound = rules.maximum, bound.isLess(than: number) { report("must be at most \(bound.literal)") }
    if let bound = rules.exclusiveMinimum, !bound.isLess(than: number) { report("must be above \(bound.literal)") }
    if let bound = rules.exclusiveMaximum, !number.isLess(than: bound) { report("must be below \(bound.literal)") }
    // A unit of more digits than a machine word holds is divided by in its parts.
    let isLong = rules.multipleOf.map { $0.literal.utf8.count > 18 } ?? false
    guard charge(isLong ? number.literal.utf8.count * 2 : 0) else { return }
    if let unit = rules.multipleOf, !number.isMultiple(of: unit) { report("must be a multiple of \(unit.literal)") }
    if let format = rules.format, !format.isMatched(by: number) { report("must be \(format.meaning)") }
  }

  // MARK: Subschemas of the same value

  private mutating func checkInPlace(_ reference: SchemaNodeReference, _ value: JSONValue) {
    if let target = reference.node.reference { check(target, value) }
    for part in reference.node.allOf { check(part, value) }
    if let anyOf = reference.node.anyOf { check(anyOf, value, exactlyOne: false) }
    if let oneOf = reference.node.oneOf { check(oneOf, value, exactlyOne: true) }
    if let not = reference.node.not, matches(not, value) { reportForbidden(not) }
    if let condition = reference.node.condition, !isFinished { check(condition, reference, value) }
  }

  @inline(never)
  private mutating func reportForbidden(_ index: Int) {
    let message = nodes[index].node.forbiddenMessage
    report(message)
  }

  private mutating func check(_ condition: Int, _ reference: SchemaNodeReference, _ value: JSONValue) {
    let holds = matches(condition, value, evaluating: true)
    guard let schema = holds ? reference.node.consequence : reference.node.alternative else { return }
    check(schema, value, because: isQuiet ? nil : self.reason(condition, holds))
  }

  @inline(never)
  private func reason(_ condition: Int, _ holds: Bool) -> String {
    let summary = nodes[condition].node.summary.map { ": \($0)" } ?? ""
    return "\(place) \(holds ? "matches" : "does not match") the condition \"if\"\(summary)"
  }

  /// Checks a subschema that applies for a reason, which its violations then name.
  ///
  /// - Parameter cause: `nil` when words are not needed.
  mutating func check(_ index: Int, _ value: JSONValue, because cause: String?) {
    let outer = reason
    reason = cause
    check(index, value)
    reason = outer
  }

  private mutating func check(_ alternatives: SchemaNode.Alternatives, _ value: JSONValue, exactlyOne: Bool) {
    guard !isFinished else { return }
    var matched: [Int] = []
    var failures: [String] = []
    for index in alternatives.nodes.indices {
      let isQuoted = failures.count < SchemaCheck.alternativesQuotedMax
      let found = attempt(alternatives.nodes[index], value, evaluating: true, quietly: !isQuoted)
      if found.isEmpty {
        matched.append(index + 1)
        // A later alternative can still evaluate members.
        if !exactlyOne, evaluated == nil { return }
      } else if isQuoted, !isQuiet {
        failures.append(SchemaCheck.quotation(found, number: index + 1))
      }
    }
    if exactlyOne ? matched.count != 1 : matched.isEmpty { report(alternatives, matched, failures, exactlyOne) }
  }

  @inline(never)
  private static func quotation(_ found: [SchemaViolation], number: Int) -> String {
    "(\(number)) " + shortened(found.first?.description ?? "", to: quotationLengthMax)
  }

  @inline(never)
  private mutating func report(
    _ alternatives: SchemaNode.Alternatives, _ matched: [Int], _ failures: [String], _ exactlyOne: Bool
  ) {
    if let quoted = alternatives.memberNames {
      report("must have \(exactlyOne ? "exactly" : "at least") one of the members \(quoted)")
    } else if matched.isEmpty {
      report("matches none of \(alternatives.nodes.count) alternatives: \(failures.joined(separator: "; "))")
    } else {
      let numbers = matched.prefix(SchemaCheck.matchesNamedMax).map(String.init).joined(separator: " and ")
      let rest = matched.count - SchemaCheck.matchesNamedMax
      report("matches alternatives \(numbers)\(rest > 0 ? " and \(rest) more" : ""); only one may match")
    }
  }

  /// `true` when `value` matches; says nothing about why it does not.
  ///
  /// - Parameter evaluating: adds what the subschema evaluates to `evaluated` when it matches.
  mutating func matches(_ index: Int, _ value: JSONValue, evaluating: Bool = false) -> Bool {
    attempt(index, value, evaluating: evaluating, quietly: true).isEmpty
  }

  /// The first violation of `value` against one subschema, kept apart from those of the document.
  mutating func attempt(
    _ index: Int, _ value: JSONValue, evaluating: Bool, quietly: Bool = false
  ) -> [SchemaViolation] {
    let outer = begin(evaluating, quietly)
    check(index, value)
    return end(outer, evaluating)
  }

  /// The state that an attempt replaces.
  private final class Outer {
    let violations: [SchemaViolation]
    let violationsMax: Int
    let reason: String?
    let isQuiet: Bool
    let evaluated: Evaluated?

    init(_ check: SchemaCheck) {
      violations = check.violations
      violationsMax = check.violationsMax
      reason = check.reason
      isQuiet = check.isQuiet
      evaluated = check.evaluated
    }
  }

  @inline(never)
  private mutating func begin(_ evaluating: Bool, _ quietly: Bool) -> Outer {
    let outer = Outer(self)
    (violations, violationsMax, reason, isQuiet) = ([], 1, nil, isQuiet || quietly)
    if !evaluating { evaluated = nil }
    return outer
  }

  @inline(never)
  private mutating func end(_ outer: Outer, _ evaluating: Bool) -> [SchemaViolation] {
    let found = violations
    (violations, violationsMax, reason, isQuiet) = (outer.violations, outer.violationsMax, outer.reason, outer.isQuiet)
    if !evaluating || !found.isEmpty { evaluated = outer.evaluated }
    return found
  }

  // MARK: Subschemas of members and elements

  mutating func check(_ schema: Int, ofMember index: Int, _ object: JSONObject) {
    path.append(.member(object.members[index].name))
    let outer = evaluated
    evaluated = nil
    check(schema, object.members[index].value)
    evaluated = outer
    path.removeLast()
  }

  mutating func check(_ schema: Int, _ element: JSONValue, ofElement index: Int) {
    path.append(.element(index))
    let outer = evaluated
    evaluated = nil
    check(schema, element)
    evaluated = outer
    path.removeLast()
  }

  // MARK: Reports and bounds

  @inline(never)
  mutating func report(_ message: @autoclosure () -> String) {
    guard violations.count < violationsMax else { return }
    guard !isQuiet else {
      violations.append(SchemaViolation(path: JSONPointer(), message: ""))
      return
    }
    guard charge(SchemaCheck.reportCost + path.count) else { return }
    violations.append(SchemaViolation(path: pointer, message: message() + (reason.map { ", because \($0)" } ?? "")))
  }

  private var pointer: JSONPointer {
    JSONPointer(
      path.map { step in
        switch step {
        case .member(let name): SchemaCheck.shortened(name)
        case .element(let index): String(index)
        }
      })
  }

  /// The current value, for messages.
  var place: String { SchemaViolation.place(pointer) }

  /// Cut by Unicode scalars: one character can have any number of them.
  static func shortened(_ text: String, to lengthMax: Int = SchemaViolation.tokenLengthMax) -> String {
    guard text.utf8.count > lengthMax,
      let end = text.unicodeScalars.index(
        text.startIndex, offsetBy: lengthMax, limitedBy: text.endIndex), end < text.endIndex
    else { return text }
    return String(text.unicodeScalars[..<end]) + "…"
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

  mutating func charge(_ cost: Int) -> Bool {
    steps = steps.addingReportingOverflow(cost).overflow ? .max : steps + cost
    if steps > stepsMax { isExhausted = true }
    return !isExhausted
  }
}

extension SchemaNode {
  /// What to say of a value that matches this schema where it must not.
  fileprivate var forbiddenMessage: String {
    if let summary { return "must not be or have: \(summary)" }
    return "matches what its schema forbids (\"not\")"
  }

  fileprivate func asksForUnevaluated(of value: JSONValue) -> Bool {
    switch value {
    case .array: unevaluatedItems != nil
    case .object: unevaluatedProperties != nil
    default: false
    }
  }
}

extension SchemaNode.Types {
  fileprivate func isMatched(by value: JSONValue) -> Bool {
    switch value {
    case .null: contains(.null)
    case .boolean: contains(.boolean)
    case .number(let number):
      contains(.number) || (contains(.integer) && number.isWhole)
    case .string: contains(.string)
    case .array: contains(.array)
    case .object: contains(.object)
    }
  }
}

extension JSONValue {
  var isContainer: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }

  /// Steps of hashing the value, or of comparing it with an equal one.
  var readingCost: Int {
    switch self {
    case .null, .boolean: 1
    case .number(let number): 1 + number.literal.utf8.count / 16
    case .string(let text): 1 + text.utf8.count / 64
    case .array(let elements): elements.reduce(1) { $0 + $1.readingCost }
    case .object(let object): object.members.reduce(1) { $0 + 1 + $1.name.utf8.count / 64 + $1.value.readingCost }
    }
  }
}
