import OnexCore
import OnexKernel

/// Reads the members of a payload. A contract's schema has looked at them before; these checks are for contracts without one.
struct PayloadReader {
  let object: JSONObject

  init(_ request: HandlerRequest) throws(HandlerError) {
    let payload = try request.json()
    guard let object = payload.object else {
      throw HandlerError.invalidPayload(at: JSONPointer(), payload, expected: "an object")
    }
    self.object = object
  }

  subscript(_ name: String) -> JSONValue? { object[name] }

  func text(_ name: String) throws(HandlerError) -> String {
    guard let text = try optionalText(name) else {
      throw HandlerError.invalidPayload(at: JSONPointer([name]), nil, expected: "a string")
    }
    return text
  }

  func optionalText(_ name: String) throws(HandlerError) -> String? {
    guard let value = object[name] else { return nil }
    guard let text = value.string else {
      throw HandlerError.invalidPayload(at: JSONPointer([name]), value, expected: "a string")
    }
    return text
  }

  /// False when absent.
  func flag(_ name: String) throws(HandlerError) -> Bool {
    guard let value = object[name] else { return false }
    guard let flag = value.boolean else {
      throw HandlerError.invalidPayload(at: JSONPointer([name]), value, expected: "true or false")
    }
    return flag
  }

  func positiveInteger(_ name: String) throws(HandlerError) -> Int? {
    guard let value = object[name] else { return nil }
    guard let integer = value.number.flatMap(PayloadReader.whole), integer > 0 else {
      throw HandlerError.invalidPayload(at: JSONPointer([name]), "must be an integer from 1 to 9007199254740991")
    }
    return integer
  }

  /// `3.0` and `3e0` are the integer 3, as in schemas. Exact up to 2^53; `nil` beyond it and for fractions.
  private static func whole(_ number: JSONNumber) -> Int? {
    let integersMax = 9_007_199_254_740_991
    if let integer = number.integer { return integer.magnitude <= integersMax.magnitude ? Int(integer) : nil }
    guard let value = number.double, abs(value) <= Double(integersMax), value.rounded() == value else { return nil }
    return Int(value)
  }

  /// - Parameter place: the member that `text` is from.
  static func bytes(base64 text: String, at place: String) throws(HandlerError) -> Bytes {
    guard let bytes = Base64.decode(text) else {
      throw HandlerError.invalidPayload(
        at: JSONPointer([place]), "is not base 64: the standard alphabet, padded with =, without white space")
    }
    return bytes
  }
}
