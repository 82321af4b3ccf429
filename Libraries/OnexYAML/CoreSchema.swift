import OnexCore

/// Tag resolution of the core schema (YAML 1.2 section 10.3.2).
enum CoreSchema {
  /// What an explicit tag asks for.
  enum Tag: String {
    case null = "tag:yaml.org,2002:null"
    case boolean = "tag:yaml.org,2002:bool"
    case integer = "tag:yaml.org,2002:int"
    case float = "tag:yaml.org,2002:float"
    case string = "tag:yaml.org,2002:str"
  }

  /// The value of a plain scalar without a tag.
  static func resolve(plain text: String) -> YAMLScalar.Value {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .boolean(true)
    case "false", "False", "FALSE": return .boolean(false)
    case ".nan", ".NaN", ".NAN": return .notFinite(text)
    default: break
    }
    guard let first = text.utf8.first, isNumberStart(first) else { return .string }
    if let number = integer(text) ?? radix(text) ?? float(text) { return .number(number) }
    let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    return [".inf", ".Inf", ".INF"].contains(unsigned) ? .notFinite(text) : .string
  }

  /// The value of a scalar with an explicit tag; `nil` when the text is none of that type.
  static func resolve(_ text: String, as tag: Tag) -> YAMLScalar.Value? {
    let plain = resolve(plain: text)
    switch (tag, plain) {
    case (.string, _): return .string
    case (.null, .null), (.boolean, .boolean), (.float, .number), (.float, .notFinite): return plain
    case (.integer, .number(let number)) where !number.literal.utf8.contains { ".eE".utf8.contains($0) }: return plain
    default: return nil
    }
  }

  private static func isNumberStart(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 43, 45, 46: true  // digits + - .
    default: false
    }
  }

  /// `[-+]?[0-9]+`, without a sign or zeros that JSON would refuse.
  private static func integer(_ text: String) -> JSONNumber? {
    let (sign, digits) = splitSign(text)
    guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else { return nil }
    return JSONNumber(validatedLiteral: sign + withoutLeadingZeros(digits))
  }

  /// `0o[0-7]+` and `0x[0-9a-fA-F]+`, as far as 64 bits reach.
  private static func radix(_ text: String) -> JSONNumber? {
    let digits = text.dropFirst(2)
    guard let first = digits.first, first != "+", first != "-" else { return nil }
    if text.hasPrefix("0x") { return UInt64(digits, radix: 16).map { JSONNumber($0) } }
    if text.hasPrefix("0o") { return UInt64(digits, radix: 8).map { JSONNumber($0) } }
    return nil
  }

  /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
  private static func float(_ text: String) -> JSONNumber? {
    let (sign, unsigned) = splitSign(text)
    let exponentAt = unsigned.firstIndex { $0 == "e" || $0 == "E" } ?? unsigned.endIndex
    let mantissa = unsigned[..<exponentAt]
    let parts = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let whole = parts.first ?? ""
    let fraction = parts.count > 1 ? parts[1] : ""
    guard !(whole.isEmpty && fraction.isEmpty), whole.utf8.allSatisfy(isDigit), fraction.utf8.allSatisfy(isDigit) else {
      return nil
    }
    var literal = sign + withoutLeadingZeros(whole)
    if parts.count > 1 { literal += "." + (fraction.isEmpty ? "0" : fraction) }
    if exponentAt < unsigned.endIndex {
      let exponent = unsigned[unsigned.index(after: exponentAt)...]
      let digits = exponent.first == "-" || exponent.first == "+" ? exponent.dropFirst() : exponent
      guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else { return nil }
      literal += "e" + exponent
    }
    return JSONNumber(validatedLiteral: literal)
  }

  private static func splitSign(_ text: String) -> (sign: String, rest: Substring) {
    switch text.first {
    case "-": ("-", text.dropFirst())
    case "+": ("", text.dropFirst())
    default: ("", text[...])
    }
  }

  private static func withoutLeadingZeros(_ digits: Substring) -> Substring {
    let significant = digits.drop { $0 == "0" }
    return significant.isEmpty ? "0" : significant
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
