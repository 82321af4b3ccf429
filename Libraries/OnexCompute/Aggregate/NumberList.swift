import OnexCore
import OnexKernel

/// The numbers that a payload of `aggregate.*` speaks of.
struct NumberList {
  /// As they were written: the least and the greatest are answered with all their digits.
  let numbers: [JSONNumber]
  /// The nearest doubles; all are finite.
  let doubles: [Double]

  var count: Int { numbers.count }

  /// `payload` is `{"values": [numbers]}` or `{"values": [objects], "field": path}`.
  init(_ payload: JSONValue) throws {
    let place = JSONPointer(["values"])
    guard let values = payload["values"]?.array else {
      throw HandlerError.invalidPayload(at: place, payload["values"], expected: "an array")
    }
    let field = try NumberList.field(payload)
    var numbers: [JSONNumber] = []
    var doubles: [Double] = []
    numbers.reserveCapacity(values.count)
    doubles.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      let found = field == nil ? value : field?.resolve(in: value)
      func here() -> JSONPointer { JSONPointer(place.tokens + [String(index)] + (field?.segments ?? [])) }
      guard let number = found?.number else {
        let hint = field == nil && value.object != nil ? "a number; name the number inside objects with \"field\"" : "a number"
        throw HandlerError.invalidPayload(at: here(), found, expected: hint)
      }
      guard let double = number.double else {
        throw HandlerError.invalidPayload(at: here(), "is beyond the range of a 64-bit float")
      }
      numbers.append(number)
      doubles.append(double)
    }
    self.numbers = numbers
    self.doubles = doubles
  }

  /// `nil` when a value is no 64-bit integer or the sum is none.
  var exactSum: Int64? {
    var sum: Int64 = 0
    for number in numbers {
      guard let integer = number.integer else { return nil }
      let (next, overflow) = sum.addingReportingOverflow(integer)
      guard !overflow else { return nil }
      sum = next
    }
    return sum
  }

  private static func field(_ payload: JSONValue) throws(HandlerError) -> DottedPath? {
    guard let field = payload["field"] else { return nil }
    let place = JSONPointer(["field"])
    guard let text = field.string else { throw HandlerError.invalidPayload(at: place, field, expected: "a string, a path") }
    return try DottedPath(text, at: place)
  }
}
