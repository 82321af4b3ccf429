/// A value with the place it was read from, for checks that follow the reading.
public struct Located<Value: Sendable>: Sendable {
  public let value: Value
  public let position: YAMLPosition

  public init(_ value: Value, at position: YAMLPosition) {
    self.value = value
    self.position = position
  }
}
