import OnexCore
import OnexJSON

/// Checks payloads against their contract.
enum PayloadCheck {
  /// What is wrong with a request's payload; `nil` when nothing is.
  static func input(_ payload: Bytes, _ operation: LoadedOperation, _ parser: inout JSONParser) -> ResponseError? {
    guard let schema = operation.inputSchema else { return nil }
    do {
      return violation(try parser.parse(payload), schema, "the payload does not match the input schema")
    } catch {
      return ResponseError(.schemaViolation, "payload: \(error)")
    }
  }

  static func input(_ payload: JSONValue, _ schema: JSONSchema?) -> ResponseError? {
    schema.flatMap { violation(payload, $0, "the payload does not match the input schema") }
  }

  /// What is wrong with what a handler returned; `nil` when nothing is.
  static func output(_ payload: Bytes, _ operation: LoadedOperation, _ parser: inout JSONParser) -> ResponseError? {
    let name = operation.contract.name
    do {
      guard let schema = operation.settings.outputSchema else {
        return try parser.isObject(payload)
          ? nil : ResponseError(.handlerFailed, "the handler \(name) returned JSON that is not an object")
      }
      let value = try parser.parse(payload)
      guard value.object != nil else {
        return ResponseError(.handlerFailed, "the handler \(name) returned JSON that is not an object")
      }
      let error = violation(value, schema, "what the handler \(name) returned does not match the output schema")
      return error.map { ResponseError(.handlerFailed, $0.message, details: $0.details) }
    } catch {
      return ResponseError(.handlerFailed, "the handler \(name) returned something that is not JSON: \(error)")
    }
  }

  private static func violation(_ value: JSONValue, _ schema: JSONSchema, _ message: String) -> ResponseError? {
    let violations = schema.validate(value)
    guard let first = violations.first else { return nil }
    let details = violations.map { violation in
      JSONValue.object(
        JSONObject([("path", .string(violation.path.description)), ("message", .string(violation.message))]))
    }
    return ResponseError(.schemaViolation, "\(message): \(first)", details: .array(details))
  }
}
