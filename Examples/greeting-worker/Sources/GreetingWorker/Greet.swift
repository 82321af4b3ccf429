import OnexCore
import OnexJSON
import OnexKernel

/// `{"name": "Ada"}` → `{"greeting": "Good day, Ada."}`
struct Greet: ComputeHandler {
  static let isQuick = true

  init(_ setup: HandlerSetup) {}

  func compute(_ request: HandlerRequest) throws -> Bytes {
    guard let name = try request.json()["name"]?.string else { throw HandlerError(.schemaViolation, "name is not a string") }
    let answer: JSONValue = ["greeting": .string("Good day, \(name).")]
    return answer.encoded()
  }
}
