import OnexCore

/// The last guard against a secret in the log: fields whose name suggests one are never written, whatever they hold. Code that
/// logs should not get that far.
enum LogRedaction {
  private static let suspects = ["password", "secret", "token", "authorization"]

  static func isSecret(_ name: StaticString) -> Bool {
    let lower = name.description.lowercased()
    return suspects.contains { contains(lower.utf8, $0.utf8) }
  }

  static func shown(_ field: LogField) -> LogValue { isSecret(field.name) ? "***" : field.value }

  private static func contains(_ text: String.UTF8View, _ part: String.UTF8View) -> Bool {
    var rest = text[...]
    while rest.count >= part.count {
      if rest.starts(with: part) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
