import OnexCore
import OnexKernel

/// The numbers that a payload of `aggregate.*` speaks of.
struct NumberList {
  /// As they were written: the least and the greatest are answered with all their digits.
  let numbers: [JSONNumber]
  /// The nearest doubles; all are finite.
  let doubles: [Double]

  var count: Int { numbers.count }

  /// Numbers that are read between two looks at whether the request was cancelled.
  private static let checkInterval = 4096

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
      if index % NumberList.checkInterval == 0 { try Task.checkCancellation() }
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

  var sum: DecimalSum {
    var sum = DecimalSum()
    for number in numbers { sum.add(number) }
    return sum
  }

  enum End { case least, greatest }

  /// The place of the least or the greatest value. The doubles decide; only numbers that share the best one are taken apart, each once.
  func place(of end: End) throws -> Int? {
    guard let best = end == .least ? doubles.min() : doubles.max() else { return nil }
    let places = doubles.indices.filter { doubles[$0] == best }
    guard !places.allSatisfy({ numbers[$0].literal.isExactly(numbers[places[0]].literal) }) else { return places[0] }
    var found = (value: DecimalValue(numbers[places[0]]), place: places[0])
    for (count, place) in places.enumerated().dropFirst() {
      if count % NumberList.checkInterval == 0 { try Task.checkCancellation() }
      let value = DecimalValue(numbers[place])
      if end == .least ? value < found.value : found.value < value { found = (value, place) }
    }
    return found.place
  }

  /// The places of the numbers in the exact order of their values. The doubles sort; only numbers that share one are taken apart,
  /// each once.
  func ascending() -> [Int] {
    var order = numbers.indices.sorted { doubles[$0] < doubles[$1] }
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, doubles[order[end]] == doubles[order[start]] { end += 1 }
      let first = numbers[order[start]].literal
      if !order[start..<end].allSatisfy({ numbers[$0].literal.isExactly(first) }) {
        let exact = order[start..<end].map { (value: DecimalValue(numbers[$0]), place: $0) }.sorted { $0.value < $1.value }
        for (offset, entry) in exact.enumerated() { order[start + offset] = entry.place }
      }
      start = end
    }
    return order
  }

  private static func field(_ payload: JSONValue) throws(HandlerError) -> DottedPath? {
    guard let field = payload["field"] else { return nil }
    let place = JSONPointer(["field"])
    guard let text = field.string else { throw HandlerError.invalidPayload(at: place, field, expected: "a string, a path") }
    return try DottedPath(text, at: place)
  }
}
