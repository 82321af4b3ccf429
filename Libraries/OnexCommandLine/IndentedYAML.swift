import OnexCore
import OnexJSON

/// YAML in block style. Texts are written as JSON strings, which are YAML scalars too (YAML 1.2 section 7.3.1), so that `no`, `1e3`
/// and `2026-01-01` stay texts whoever reads them.
public enum IndentedYAML {
  /// A document that ends with a line break.
  public static func text(_ value: JSONValue) -> String {
    isBlock(value) ? lines(value, indent: "").joined(separator: "\n") + "\n" : value.encoded().text + "\n"
  }

  private static func isBlock(_ value: JSONValue) -> Bool {
    switch value {
    case .array(let elements): !elements.isEmpty
    case .object(let object): !object.isEmpty
    default: false
    }
  }

  private static func lines(_ value: JSONValue, indent: String) -> [String] {
    switch value {
    case .array(let elements):
      elements.flatMap { element in
        guard isBlock(element) else { return ["\(indent)- \(element.encoded().text)"] }
        let inner = lines(element, indent: indent + "  ")
        return ["\(indent)- \(inner[0].dropFirst(indent.count + 2))"] + inner.dropFirst()
      }
    case .object(let object):
      object.members.flatMap { name, value in
        isBlock(value)
          ? ["\(indent)\(key(name)):"] + lines(value, indent: indent + "  ")
          : ["\(indent)\(key(name)): \(value.encoded().text)"]
      }
    default: [indent + value.encoded().text]
    }
  }

  /// Words that YAML 1.1 readers take for something else.
  private static let reserved: Set = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]

  private static func key(_ name: String) -> String {
    let isWord = !name.isEmpty && name.utf8.allSatisfy { (97...122).contains($0) || $0 == UInt8(ascii: "_") }
    return isWord && !reserved.contains(name) ? name : JSONValue.string(name).encoded().text
  }
}
