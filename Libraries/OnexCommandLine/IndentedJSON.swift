import OnexCore
import OnexJSON

/// JSON over several lines, two spaces a level; an empty container stays on its line.
public enum IndentedJSON {
  public static func text(_ value: JSONValue, indent: String = "") -> String {
    let inner = indent + "  "
    switch value {
    case .array(let elements) where !elements.isEmpty:
      return "[\n" + elements.map { inner + text($0, indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let object) where !object.isEmpty:
      let members = object.members.map { inner + JSONValue.string($0.name).encoded().text + ": " + text($0.value, indent: inner) }
      return "{\n" + members.joined(separator: ",\n") + "\n\(indent)}"
    default:
      return value.encoded().text
    }
  }
}
