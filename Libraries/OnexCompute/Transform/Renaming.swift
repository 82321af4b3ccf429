import OnexCore
import OnexKernel

/// What `transform.rename` does to the members of an object. All names change at once, so that two members can swap theirs.
struct Renaming {
  private let newNames: [ExactText: String]

  /// - Parameter fields: the payload's `fields`, old name to new name.
  init(_ fields: JSONObject) throws(HandlerError) {
    var newNames: [ExactText: String] = [:]
    for member in fields.members {
      guard let name = member.value.string else {
        throw HandlerError.invalidPayload(
          at: JSONPointer(["fields", member.name]), member.value, expected: "a string, the new name")
      }
      newNames[ExactText(member.name)] = name
    }
    self.newNames = newNames
  }

  /// - Parameter place: of `object` in the payload.
  /// - Throws: when two members would have one name; one of the two values would be lost.
  func apply(to object: JSONObject, at place: JSONPointer) throws(HandlerError) -> JSONObject {
    var renamed = JSONObject()
    var origins: [ExactText: String] = [:]
    for member in object.members {
      let name = newNames[ExactText(member.name)] ?? member.name
      if let other = origins.updateValue(member.name, forKey: ExactText(name)) {
        throw HandlerError.invalidPayload(
          at: place, "would have two members \"\(name.prefix(64))\": \"\(other.prefix(64))\" and \"\(member.name.prefix(64))\"")
      }
      renamed.append(name, member.value)
    }
    return renamed
  }
}
