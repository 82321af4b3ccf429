/// JSON with references in it: a text `$.input.name` stands for that value; a text that begins with `$$` means itself with one `$` less.
///
///     $.input                    the payload of the request that began the run
///     $.input.items.0.price      something inside it
///     $.steps.charge.output.id   something inside what a step answered
///     $.run.id  $.run.correlation_id
public struct WorkflowTemplate: Sendable, Hashable {
  public let json: JSONValue

  public init(_ json: JSONValue) { self.json = json }

  /// The value that a reference names is not there.
  public struct Missing: Error, Sendable, Hashable, CustomStringConvertible {
    public let reference: String
    public var description: String { "\(reference) has no value" }
  }

  /// Why a text that begins with `$` is no reference.
  public struct Invalid: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
  }

  public enum Root: Sendable, Hashable {
    case input
    case run
    case step(String)
  }

  /// Everything that the template refers to.
  public func roots() throws(Invalid) -> [Root] {
    var roots: [Root] = []
    for text in WorkflowTemplate.references(in: json) { roots.append(try WorkflowTemplate.reference(text).root) }
    return roots
  }

  /// The template with the values in place of the references.
  ///
  /// - Parameter value: what a root stands for; `nil` for a step that has no output.
  public func resolved(_ value: (Root) -> JSONValue?) throws(Missing) -> JSONValue {
    try WorkflowTemplate.resolve(json, value)
  }

  private static func resolve(_ template: JSONValue, _ value: (Root) -> JSONValue?) throws(Missing) -> JSONValue {
    switch template {
    case .string(let text) where isEscaped(text): return .string(String(Substring(text.utf8.dropFirst())))
    case .string(let text) where isReference(text):
      guard let (root, path) = try? reference(text), let start = value(root),
        let found = JSONPointer(path).resolve(in: start)
      else { throw Missing(reference: text) }
      return found
    case .array(let elements):
      var resolved: [JSONValue] = []
      for element in elements { resolved.append(try resolve(element, value)) }
      return .array(resolved)
    case .object(let object):
      var resolved = JSONObject()
      for member in object.members { resolved.append(member.name, try resolve(member.value, value)) }
      return .object(resolved)
    default: return template
    }
  }

  private static func references(in value: JSONValue) -> [String] {
    switch value {
    case .string(let text): isReference(text) ? [text] : []
    case .array(let elements): elements.flatMap(references)
    case .object(let object): object.members.flatMap { references(in: $0.value) }
    default: []
    }
  }

  /// By bytes: a combining mark behind the sign or a dot makes one character of both.
  private static func isReference(_ text: String) -> Bool { text.utf8.starts(with: "$".utf8) && !isEscaped(text) }

  private static func isEscaped(_ text: String) -> Bool { text.utf8.starts(with: "$$".utf8) }

  private static func reference(_ text: String) throws(Invalid) -> (root: Root, path: [String]) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { String(Substring($0)) }
    func invalid() -> Invalid {
      Invalid(
        description:
          "\"\(text.prefix(80))\" is no reference: there are $.input, $.steps.<name>.output, $.run.id and $.run.correlation_id, and paths inside them ($$ stands for $)"
      )
    }
    guard parts.count >= 2, parts[0] == "$", !parts.contains("") else { throw invalid() }
    switch parts[1] {
    case "input": return (.input, Array(parts.dropFirst(2)))
    case "run" where parts.count == 3 && ["id", "correlation_id"].contains(parts[2]): return (.run, [parts[2]])
    case "steps" where parts.count >= 4 && parts[3] == "output": return (.step(parts[2]), Array(parts.dropFirst(4)))
    default: throw invalid()
    }
  }
}
