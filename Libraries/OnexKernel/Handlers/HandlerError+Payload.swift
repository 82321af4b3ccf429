import OnexCore

extension HandlerError {
  /// A payload that its schema lets through and the handler cannot use. It has the form that violations of the schema have, so
  /// that a requester reads one kind of error: `details` is a list of `{"path": JSON Pointer, "message": …}`.
  ///
  /// - Parameter message: reads after the path, as in `must be a number, not a string`. Never the payload's own text, which may be
  ///   secret.
  public static func invalidPayload(at path: JSONPointer, _ message: String) -> HandlerError {
    let place = path.description
    let detail = JSONValue.object(JSONObject([("path", .string(place)), ("message", .string(message))]))
    return HandlerError(
      .schemaViolation, "the payload cannot be used: \(place.isEmpty ? "it" : place) \(message)", details: .array([detail]))
  }

  /// As `invalidPayload`, for a value of the wrong type or for none at all.
  ///
  /// - Parameter expected: reads after "must be", as in `an array of numbers`.
  public static func invalidPayload(at path: JSONPointer, _ value: JSONValue?, expected: String) -> HandlerError {
    let found =
      switch value {
      case nil: "is missing; it must be \(expected)"
      case .null?: "must be \(expected), not null"
      case .array?, .object?: "must be \(expected), not an \(value?.typeName ?? "")"
      case .boolean?, .number?, .string?: "must be \(expected), not a \(value?.typeName ?? "")"
      }
    return invalidPayload(at: path, found)
  }

  /// The contract routes an operation to a class that does not implement it.
  public static func unknownOperation(_ operation: Operation, known: [String]) -> HandlerError {
    HandlerError(
      .unknownOperation, "the handler class has no operation \"\(operation)\"; it has \(known.joined(separator: ", "))")
  }
}
