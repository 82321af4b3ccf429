/// The keywords of arrays and objects, whose subschemas apply to elements and members.
extension SchemaCheck {
  // MARK: Arrays

  mutating func check(_ elements: [JSONValue], _ rules: SchemaNode.ArrayRules) {
    if let min = rules.countMin, elements.count < min { report("must have at least \(min) elements, not \(elements.count)") }
    if let max = rules.countMax, elements.count > max { report("must have at most \(max) elements, not \(elements.count)") }
    if rules.isUnique { checkUnique(elements) }
    checkElements(elements, rules)
    if let contains = rules.contains, !isFinished { check(contains, in: elements, rules) }
  }

  private mutating func checkElements(_ elements: [JSONValue], _ rules: SchemaNode.ArrayRules) {
    guard rules.items != nil || !rules.prefix.isEmpty else { return }
    for (index, element) in elements.enumerated() {
      guard !isFinished else { return }
      guard let schema = index < rules.prefix.count ? rules.prefix[index] : rules.items else { break }
      check(schema, element, ofElement: index)
      evaluated?.insert(index)
    }
    if rules.items != nil { evaluated?.insertAll() }
  }

  private mutating func check(_ schema: Int, in elements: [JSONValue], _ rules: SchemaNode.ArrayRules) {
    let min = rules.containsMin ?? 1
    var count = 0
    for (index, element) in elements.enumerated() {
      // The bounds are decided. Go on only when every match counts as evaluated.
      if evaluated == nil, count >= min, rules.containsMax.map({ count > $0 }) ?? true { break }
      guard !isExhausted else { return }
      guard matches(schema, element) else { continue }
      count += 1
      evaluated?.insert(index)
    }
    let meaning = nodes[schema].node.summary.map { ": \($0)" } ?? ""
    if count < min {
      report(
        "must have at least \(min) \(min == 1 ? "element that matches" : "elements that match") \"contains\"\(meaning); it has \(count)"
      )
    }
    if let max = rules.containsMax, count > max {
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

  mutating func check(_ object: JSONObject, _ rules: SchemaNode.ObjectRules, _ value: JSONValue) {
    if let min = rules.countMin, object.count < min { report("must have at least \(min) members, not \(object.count)") }
    if let max = rules.countMax, object.count > max { report("must have at most \(max) members, not \(object.count)") }
    guard charge(object.count / 4) else { return }
    let slots = object.members.map { rules.slots[ExactText($0.name)] }
    if rules.asksForPresence { checkPresence(slots, rules, value) }
    for (index, member) in object.members.enumerated() {
      guard !isFinished, charge(member.name.utf8.count / 64) else { return }
      if let names = rules.names { checkName(member.name, names) }
      if check(member, slots[index], rules) { evaluated?.insert(index) }
    }
  }

  private mutating func checkPresence(_ slots: [Int?], _ rules: SchemaNode.ObjectRules, _ value: JSONValue) {
    guard charge(rules.slotNames.count / 8) else { return }
    var isPresent = [Bool](repeating: false, count: rules.slotNames.count)
    for case let slot? in slots { isPresent[slot] = true }
    for slot in rules.required where !isPresent[slot] { report("must have the member \"\(rules.slotNames[slot])\"") }
    for (trigger, needed) in rules.dependentRequired where isPresent[trigger] {
      guard !isFinished, charge(needed.count / 8) else { return }
      for slot in needed where !isPresent[slot] {
        report("must have the member \"\(rules.slotNames[slot])\", because it has the member \"\(rules.slotNames[trigger])\"")
      }
    }
    for (trigger, schema) in rules.dependentSchemas where isPresent[trigger] {
      guard !isFinished else { return }
      check(schema, value, because: isQuiet ? nil : "\(place) has the member \"\(rules.slotNames[trigger])\"")
    }
  }

  /// `propertyNames`, which sees the name as a text.
  private mutating func checkName(_ name: String, _ schema: Int) {
    guard let first = attempt(schema, .string(name), evaluating: false).first else { return }
    report("must not have the member \"\(SchemaCheck.shortened(name))\": its name \(first.message)")
  }

  /// `true` when a keyword applied to the member, so that it counts as evaluated.
  private mutating func check(
    _ member: (name: String, value: JSONValue), _ slot: Int?, _ rules: SchemaNode.ObjectRules
  ) -> Bool {
    var isKnown = false
    if let slot, let schema = rules.properties[slot] {
      isKnown = true
      check(schema, member.value, ofMember: member.name)
    }
    for (pattern, schema) in rules.patterns {
      guard !isFinished else { return true }
      guard matches(pattern, member.name) else { continue }
      isKnown = true
      check(schema, member.value, ofMember: member.name)
    }
    guard !isKnown, let additional = rules.additional else { return isKnown }
    if rules.isClosed {
      reportUnknown(member.name, rules)
    } else {
      check(additional, member.value, ofMember: member.name)
    }
    return true
  }

  private mutating func reportUnknown(_ name: String, _ rules: SchemaNode.ObjectRules) {
    report("must not have the member \"\(SchemaCheck.shortened(name))\"\(SchemaCheck.hint(name, rules.knownNames))")
    _ = charge(rules.knownNames.count)
  }

  private static func hint(_ name: String, _ known: [String]) -> String {
    NearestName.suggestion(for: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
  }

  // MARK: Members and elements that nothing has evaluated

  mutating func checkUnevaluated(_ node: SchemaNode, _ value: JSONValue) {
    switch value {
    case .object(let object):
      guard let schema = node.unevaluatedProperties, let evaluated, charge(object.count / 8) else { return }
      for (index, member) in object.members.enumerated() where !evaluated.contains(index) {
        guard !isFinished else { return }
        if nodes[schema].node.isNever {
          let hint = SchemaCheck.hint(member.name, node.object?.knownNames ?? [])
          report("must not have the member \"\(SchemaCheck.shortened(member.name))\": no schema that applies describes it\(hint)")
          _ = charge(node.object?.knownNames.count ?? 0)
        } else {
          check(schema, member.value, ofMember: member.name)
        }
      }
      self.evaluated?.insertAll()
    case .array(let elements):
      guard let schema = node.unevaluatedItems, let evaluated, charge(elements.count / 8) else { return }
      for (index, element) in elements.enumerated() where !evaluated.contains(index) {
        guard !isFinished else { return }
        if nodes[schema].node.isNever {
          report("must not have the element \(index) (counted from 0): no schema that applies describes it")
        } else {
          check(schema, element, ofElement: index)
        }
      }
      self.evaluated?.insertAll()
    default: break
    }
  }
}
