/// The keywords of arrays and objects, whose subschemas apply to elements and members.
extension SchemaCheck {
  /// Names of a schema that a name which is not allowed is compared with.
  private static let comparedNamesMax = 256

  // MARK: Arrays

  mutating func check(_ elements: [JSONValue], _ rules: Boxed<SchemaNode.ArrayRules>) {
    checkCount(elements, rules.value)
    if rules.value.items != nil || !rules.value.prefix.isEmpty { checkElements(elements, rules) }
    if let contains = rules.value.contains, !isFinished { check(contains, in: elements, rules) }
  }

  @inline(never)
  private mutating func checkCount(_ elements: [JSONValue], _ rules: SchemaNode.ArrayRules) {
    if let min = rules.countMin, elements.count < min { report("must have at least \(min) elements, not \(elements.count)") }
    if let max = rules.countMax, elements.count > max { report("must have at most \(max) elements, not \(elements.count)") }
    if rules.isUnique { checkUnique(elements) }
  }

  private mutating func checkElements(_ elements: [JSONValue], _ rules: Boxed<SchemaNode.ArrayRules>) {
    for index in elements.indices {
      guard !isFinished else { return }
      let isPlaced = index < rules.value.prefix.count
      guard let schema = isPlaced ? rules.value.prefix[index] : rules.value.items else { break }
      check(schema, elements[index], ofElement: index)
      evaluated?.insert(index)
    }
    if rules.value.items != nil { evaluated?.insertAll() }
  }

  private mutating func check(_ schema: Int, in elements: [JSONValue], _ rules: Boxed<SchemaNode.ArrayRules>) {
    let min = rules.value.containsMin ?? 1
    let max = rules.value.containsMax ?? .max
    var count = 0
    for index in elements.indices {
      // The bounds are decided. Go on only when every match counts as evaluated.
      if evaluated == nil, count >= min, max == .max || count > max { break }
      guard !isExhausted else { return }
      guard matches(schema, elements[index]) else { continue }
      count += 1
      evaluated?.insert(index)
    }
    if count < min || count > max { report(count, min, max, schema) }
  }

  @inline(never)
  private mutating func report(_ count: Int, _ min: Int, _ max: Int, _ schema: Int) {
    let meaning = nodes[schema].node.summary.map { ": \($0)" } ?? ""
    if count < min {
      report(
        "must have at least \(min) \(min == 1 ? "element that matches" : "elements that match") \"contains\"\(meaning); it has \(count)"
      )
    }
    if count > max {
      report("must have at most \(max) \(max == 1 ? "element that matches" : "elements that match") \"contains\"\(meaning)")
    }
  }

  private mutating func checkUnique(_ elements: [JSONValue]) {
    var seen: [JSONValue: Int] = [:]
    seen.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      guard charge(element.readingCost) else { return }
      if let first = seen.updateValue(index, forKey: element) {
        return report("must have different elements; numbers \(first) and \(index) are equal (counted from 0)")
      }
    }
  }

  // MARK: Objects

  mutating func check(_ object: JSONObject, _ rules: Boxed<SchemaNode.ObjectRules>, _ value: JSONValue) {
    guard charge(object.count / 4) else { return }
    let slots = slots(object, rules.value)
    if rules.value.asksForPresence { checkPresence(slots, rules, value) }
    for index in object.members.indices {
      guard !isFinished, checkName(object.members[index].name, rules.value) else { return }
      if check(object, index, slots[index], rules) { evaluated?.insert(index) }
    }
  }

  /// The slot of each member that the schema names.
  @inline(never)
  private mutating func slots(_ object: JSONObject, _ rules: SchemaNode.ObjectRules) -> [Int?] {
    if let min = rules.countMin, object.count < min { report("must have at least \(min) members, not \(object.count)") }
    if let max = rules.countMax, object.count > max { report("must have at most \(max) members, not \(object.count)") }
    return object.members.map { rules.slots[ExactText($0.name)] }
  }

  private mutating func checkPresence(_ slots: [Int?], _ rules: Boxed<SchemaNode.ObjectRules>, _ value: JSONValue) {
    guard charge(rules.value.slotNames.count / 8) else { return }
    let isPresent = presence(slots, rules.value)
    for (trigger, schema) in rules.value.dependentSchemas where isPresent[trigger] {
      guard !isFinished else { return }
      check(schema, value, because: isQuiet ? nil : reason(rules.value.slotNames[trigger]))
    }
  }

  @inline(never)
  private func reason(_ name: String) -> String { "\(place) has the member \"\(SchemaCheck.shortened(name))\"" }

  /// The slots of which there is a member; reports those that must be there.
  @inline(never)
  private mutating func presence(_ slots: [Int?], _ rules: SchemaNode.ObjectRules) -> [Bool] {
    var isPresent = [Bool](repeating: false, count: rules.slotNames.count)
    for case let slot? in slots { isPresent[slot] = true }
    for slot in rules.required where !isPresent[slot] {
      report("must have the member \"\(SchemaCheck.shortened(rules.slotNames[slot]))\"")
    }
    for (trigger, needed) in rules.dependentRequired where isPresent[trigger] {
      guard !isFinished, charge(needed.count / 8) else { return isPresent }
      for slot in needed where !isPresent[slot] {
        report("must have the member \"\(rules.slotNames[slot])\", because it has the member \"\(rules.slotNames[trigger])\"")
      }
    }
    return isPresent
  }

  /// `propertyNames`, which sees the name as a text. `false` when there are no steps left for the name.
  @inline(never)
  private mutating func checkName(_ name: String, _ rules: SchemaNode.ObjectRules) -> Bool {
    guard charge(name.utf8.count / 64) else { return false }
    if let schema = rules.names, let first = attempt(schema, .string(name), evaluating: false).first {
      report("must not have the member \"\(SchemaCheck.shortened(name))\": its name \(first.message)")
    }
    return true
  }

  /// `true` when a keyword applied to the member, so that it counts as evaluated.
  private mutating func check(
    _ object: JSONObject, _ index: Int, _ slot: Int?, _ rules: Boxed<SchemaNode.ObjectRules>
  ) -> Bool {
    var isKnown = false
    if let slot, let schema = rules.value.properties[slot] {
      isKnown = true
      check(schema, ofMember: index, object)
    }
    for pattern in rules.value.patterns.indices {
      guard !isFinished else { return true }
      guard matches(rules.value.patterns[pattern].pattern, object.members[index].name) else { continue }
      isKnown = true
      check(rules.value.patterns[pattern].schema, ofMember: index, object)
    }
    guard !isKnown, let additional = rules.value.additional else { return isKnown }
    if rules.value.isClosed {
      reportUnknown(object.members[index].name, rules.value)
    } else {
      check(additional, ofMember: index, object)
    }
    return true
  }

  @inline(never)
  private mutating func reportUnknown(_ name: String, _ rules: SchemaNode.ObjectRules) {
    guard !isQuiet else { return report("") }
    let hint = hint(name, rules.knownNames)
    report("must not have the member \"\(SchemaCheck.shortened(name))\"\(hint)")
  }

  /// Empty also where there are so many names that comparing them costs more than the check.
  private mutating func hint(_ name: String, _ known: [String]) -> String {
    guard known.count <= SchemaCheck.comparedNamesMax, charge(known.count * min(name.utf8.count, 64) / 4) else { return "" }
    return NearestName.suggestion(for: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
  }

  // MARK: Members and elements that nothing has evaluated

  mutating func checkUnevaluated(_ reference: SchemaNodeReference, _ value: JSONValue) {
    switch value {
    case .object(let object):
      guard let schema = reference.node.unevaluatedProperties, charge(object.count / 8) else { return }
      for index in object.members.indices where evaluated?.contains(index) == false {
        guard !isFinished else { return }
        if nodes[schema].node.isNever {
          reportUnevaluated(object.members[index].name, reference)
        } else {
          check(schema, ofMember: index, object)
        }
      }
    case .array(let elements):
      guard let schema = reference.node.unevaluatedItems, charge(elements.count / 8) else { return }
      for index in elements.indices where evaluated?.contains(index) == false {
        guard !isFinished else { return }
        if nodes[schema].node.isNever {
          report("must not have the element \(index) (counted from 0): no schema that applies describes it")
        } else {
          check(schema, elements[index], ofElement: index)
        }
      }
    default: return
    }
    evaluated?.insertAll()
  }

  @inline(never)
  private mutating func reportUnevaluated(_ name: String, _ reference: SchemaNodeReference) {
    let hint = isQuiet ? "" : hint(name, reference.node.object?.value.knownNames ?? [])
    report("must not have the member \"\(SchemaCheck.shortened(name))\": no schema that applies describes it\(hint)")
  }
}
