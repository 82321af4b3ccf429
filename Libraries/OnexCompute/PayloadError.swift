import OnexCore
import OnexKernel

/// Errors about a payload that its schema lets through. They have the form that schema violations have, so that a requester
/// reads one kind of error: `details` is a list of `{"path": JSON Pointer, "message": …}`.
enum PayloadError {
  /// - Parameter message: reads after the path, as in `must be a number, not a string`.
  static func violation(_ path: JSONPointer, _ message: String) -> HandlerError {
    let place = path.description
    let detail = JSONValue.object(JSONObject([("path", .string(place)), ("message", .string(message))]))
    let subject = place.isEmpty ? "it" : place
    return HandlerError(
      .schemaViolation, "the payload cannot be used: \(subject) \(message)", details: .array([detail]))
  }

  static func wrongType(_ path: JSONPointer, _ value: JSONValue?, expected: String) -> HandlerError {
    violation(path, value.map { "must be \(expected), not \(article($0))" } ?? "is missing; it must be \(expected)")
  }

  /// The contract routes an operation here that this class does not implement.
  static func unknownOperation(_ operation: Operation, of className: String, known: [String]) -> HandlerError {
    HandlerError(
      .unknownOperation, "\(className) has no operation \"\(operation)\"; it has \(known.joined(separator: ", "))")
  }

  private static func article(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .array, .object: "an \(value.typeName)"
    case .boolean, .number, .string: "a \(value.typeName)"
    }
  }
}
