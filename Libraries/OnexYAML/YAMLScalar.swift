import OnexCore

/// A scalar with the value that the core schema of YAML 1.2 (section 10.3) gives it. Only plain scalars are resolved: `"12"` is a
/// string, and so are `yes` and `no`, which only YAML 1.1 took for booleans.
public struct YAMLScalar: Sendable, Hashable {
  public enum Style: Sendable, Hashable { case plain, quoted, block }

  public enum Value: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// The literal follows JSON's grammar: `+0x10` is held as `16`, `.5` as `0.5`.
    case number(JSONNumber)
    /// `.inf`, `-.inf` or `.nan`, which JSON cannot express.
    case notFinite(String)
    case string
  }

  /// The characters as written, quotes and escapes resolved.
  public let text: String
  public let style: Style
  public let value: Value

  public var string: String? { value == .string ? text : nil }

  public var integer: Int? {
    if case .number(let number) = value { number.integer.map { Int($0) } } else { nil }
  }

  public var double: Double? {
    if case .number(let number) = value { number.double } else { nil }
  }

  public var boolean: Bool? {
    if case .boolean(let value) = value { value } else { nil }
  }

  var typeName: String {
    switch value {
    case .null: "null"
    case .boolean: "the boolean \(text)"
    case .number, .notFinite: "the number \(text.prefix(40))"
    case .string: "the text \"\(text.prefix(40))\""
    }
  }
}
