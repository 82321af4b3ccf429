/// A promise of the event bus that was not kept.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
  guard condition else { throw ConformanceFailure(promise()) }
}

func requireEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ promise: String) throws {
  guard found != expected else { return }
  throw ConformanceFailure("\(promise): expected \(expected), found \(found)")
}
