/// An array element with a hash of all of it. `JSONObject` hashes names alone, so that an array of like objects, which anybody can
/// send, would be compared each with each.
struct UniqueElement: Hashable {
  private let value: JSONValue

  init(_ value: JSONValue) { self.value = value }

  static func == (left: UniqueElement, right: UniqueElement) -> Bool { left.value == right.value }

  func hash(into hasher: inout Hasher) { UniqueElement.hash(value, into: &hasher) }

  private static func hash(_ value: JSONValue, into hasher: inout Hasher) {
    switch value {
    case .array(let elements):
      hasher.combine(elements.count)
      for element in elements { hash(element, into: &hasher) }
    case .object(let object):
      var combined = 0
      for member in object.members {
        var inner = Hasher()
        inner.combine(member.name)
        hash(member.value, into: &inner)
        combined ^= inner.finalize()  // The order of members does not matter.
      }
      hasher.combine(combined)
    default: hasher.combine(value)
    }
  }
}
