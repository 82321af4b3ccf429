import OnexCore
import OnexJSON

/// Writes a JSON value as YAML 1.2 in block style. The same value gives the same text.
public enum IndentedYAML {
  /// A list of scalars up to this length stays on one line.
  private static let lineMax = 100

  /// A document that ends with a line break.
  public static func text(_ value: JSONValue) -> String {
    inline(value).map { $0 + "\n" } ?? lines(value).map { $0 + "\n" }.joined()
  }

  private static func lines(_ value: JSONValue) -> [String] {
    switch value {
    case .object(let object): object.members.flatMap { entry(scalar($0.name) + ":", $0.value) }
    case .array(let elements): elements.flatMap(element)
    default: [inline(value) ?? ""]
    }
  }

  private static func entry(_ name: String, _ value: JSONValue) -> [String] {
    if let text = inline(value) { return [name + " " + text] }
    return [name] + lines(value).map { "  " + $0 }
  }

  private static func element(_ value: JSONValue) -> [String] {
    if let text = inline(value) { return ["- " + text] }
    return lines(value).enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
  }

  /// What fits on the line of its name; `nil` for what needs lines of its own.
  private static func inline(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text): return scalar(text)
    case .object(let object): return object.isEmpty ? "{}" : nil
    case .array(let elements):
      guard elements.allSatisfy({ $0.object == nil && $0.array == nil }) else { return nil }
      let text = "[" + elements.compactMap(inline).joined(separator: ", ") + "]"
      return text.utf8.count <= lineMax ? text : nil
    case .null, .boolean, .number: return value.encoded().text
    }
  }

  /// Plain where no reader, of YAML 1.1 or 1.2, takes it for anything but this text; quoted as JSON, which is YAML, elsewhere.
  private static func scalar(_ text: String) -> String {
    if isPlain(text) { return text }
    return JSONValue.string(text).encoded().text.unicodeScalars.map { isPrintable($0) ? String($0) : escape($0) }.joined()
  }

  /// What YAML lets stand in a text (section 5.1); JSON allows more. The line separators may, but not every reader keeps them.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
    default: true
    }
  }

  /// All of those have at most four digits.
  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }

  private static let words: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]

  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "$") || first == UInt8(ascii: "/"),
      text.utf8.last != UInt8(ascii: " "), !words.contains(text.lowercased())
    else { return false }
    return text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || marks.contains($0) }
  }

  /// That mean nothing to YAML inside a text, also not in a list on one line.
  private static let marks = Set(" .-_/$'();".utf8)

  private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
}
