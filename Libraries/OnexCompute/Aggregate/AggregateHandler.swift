import OnexCore
import OnexJSON
import OnexKernel

/// `aggregate.count`, `sum`, `mean`, `min`, `max` and `quantiles` over an array of numbers, or over one number inside each of an
/// array's objects (docs/reference/handlers.md has the payloads and the methods).
public struct AggregateHandler: ComputeHandler {
  private static let operations = ["count", "sum", "mean", "min", "max", "quantiles"].map { "aggregate.\($0)" }

  public init(_ setup: HandlerSetup) {}

  public init() {}

  public func compute(_ request: HandlerRequest) throws -> Bytes {
    let payload = try request.json()
    let values = try NumberList(payload)
    switch request.operation.name {
    case "aggregate.count": return answer(JSONNumber(values.count), values)
    case "aggregate.sum": return answer(try sum(values), values)
    case "aggregate.mean": return answer(try mean(values), values)
    case "aggregate.min": return answer(values.numbers.min { $0.isBefore($1) }, values)
    case "aggregate.max": return answer(values.numbers.max { $0.isBefore($1) }, values)
    case "aggregate.quantiles": return try quantiles(payload, values)
    default:
      throw HandlerError.unknownOperation(
        request.operation, known: AggregateHandler.operations)
    }
  }

  /// Exact while all values are integers and their sum fits 64 bits; compensated otherwise.
  private func sum(_ values: NumberList) throws(HandlerError) -> JSONNumber {
    if let exact = values.exactSum { return JSONNumber(exact) }
    guard let sum = JSONNumber(CompensatedSum.of(values.doubles, dividedBy: 1)) else {
      throw HandlerError(.handlerFailed, "the sum of the \(values.count) values is beyond the range of a 64-bit float")
    }
    return sum
  }

  private func mean(_ values: NumberList) throws(HandlerError) -> JSONNumber? {
    guard values.count > 0 else { return nil }
    let mean = CompensatedSum.of(values.doubles, dividedBy: Double(values.count))
    guard let number = JSONNumber(mean) else {
      throw HandlerError(.internalError, "the mean of \(values.count) finite values came out as \(mean)", isRetriable: false)
    }
    return number
  }

  private func answer(_ value: JSONNumber?, _ values: NumberList) -> Bytes {
    JSONValue.object(
      JSONObject([("value", value.map { .number($0) } ?? .null), ("count", .integer(values.count))])
    ).encoded()
  }

  private func quantiles(_ payload: JSONValue, _ values: NumberList) throws -> Bytes {
    let place = JSONPointer(["quantiles"])
    guard let asked = payload["quantiles"]?.array else {
      throw HandlerError.invalidPayload(at: place, payload["quantiles"], expected: "an array of numbers from 0 to 1")
    }
    let sorted = values.doubles.sorted()
    try Task.checkCancellation()
    var answers: [JSONValue] = []
    for (index, quantile) in asked.enumerated() {
      guard let number = quantile.number, let fraction = number.double, (0...1).contains(fraction) else {
        throw HandlerError.invalidPayload(at: place.appending(index), "must be a number from 0 to 1")
      }
      let value = Quantile.value(at: fraction, ofSorted: sorted).flatMap { JSONValue.double($0) }
      answers.append(.object(JSONObject([("quantile", quantile), ("value", value ?? .null)])))
    }
    return JSONValue.object(JSONObject([("quantiles", .array(answers)), ("count", .integer(values.count))])).encoded()
  }
}

extension JSONNumber {
  /// The order of values: exact between 64-bit integers, by nearest double otherwise. Both fit a double (`NumberList`).
  fileprivate func isBefore(_ other: JSONNumber) -> Bool {
    if let a = integer, let b = other.integer { return a < b }
    return (double ?? 0) < (other.double ?? 0)
  }
}
