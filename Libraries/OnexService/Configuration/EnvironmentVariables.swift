@preconcurrency import Glibc

/// The variables a process was started with. Handed around as a value, so that a test brings its own.
public struct EnvironmentVariables: Sendable {
  private let values: [String: String]

  public init(_ values: [String: String]) { self.values = values }

  /// This process's own. Read once, before any thread could change them.
  public static func current() -> EnvironmentVariables {
    var values: [String: String] = [:]
    var index = 0
    while let entry = environ[index] {
      let text = String(cString: entry)
      if let separator = text.firstIndex(of: "=") {
        values[String(text[..<separator])] = String(text[text.index(after: separator)...])
      }
      index += 1
    }
    return EnvironmentVariables(values)
  }

  public subscript(_ name: String) -> String? { values[name] }

  /// In alphabetical order.
  public var names: [String] { values.keys.sorted() }
}
