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
    case "aggregate.min": return answer(try values.place(of: .least).map { values.numbers[$0] }, values)
    case "aggregate.max": return answer(try values.place(of: .greatest).map { values.numbers[$0] }, values)
    case "aggregate.quantiles": return try quantiles(payload, values)
    default:
      throw HandlerError.unknownOperation(
        request.operation, known: AggregateHandler.operations)
    }
  }

  private func sum(_ values: NumberList) throws(HandlerError) -> JSONNumber {
    guard let sum = values.sum.divided(by: 1) else {
      throw HandlerError(.handlerFailed, "the sum of the \(values.count) values is beyond the range of a 64-bit float")
    }
    return sum
  }

  private func mean(_ values: NumberList) throws(HandlerError) -> JSONNumber? {
    guard values.count > 0 else { return nil }
    guard let mean = values.sum.divided(by: values.count) else {
      // A mean lies between the least and the greatest value, which both fit.
      throw HandlerError(.internalError, "the mean of \(values.count) finite values is not finite", isRetriable: false)
    }
    return mean
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
    let ascending = values.ascending()
    try Task.checkCancellation()
    var answers: [JSONValue] = []
    var digits = 0
    for (index, quantile) in asked.enumerated() {
      guard let number = quantile.number, let fraction = number.double, (0...1).contains(fraction) else {
        throw HandlerError.invalidPayload(at: place.appending(index), "must be a number from 0 to 1")
      }
      let value = Quantile.value(at: fraction, of: values, ascending: ascending)
      digits += value?.literal.utf8.count ?? 0
      try OutputBound.check(digits)
      answers.append(.object(JSONObject([("quantile", quantile), ("value", value.map { .number($0) } ?? .null)])))
    }
    return JSONValue.object(JSONObject([("quantiles", .array(answers)), ("count", .integer(values.count))])).encoded()
  }
}
