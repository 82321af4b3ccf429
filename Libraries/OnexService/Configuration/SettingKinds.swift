extension Setting where Value == Int {
  /// A decimal whole number.
  public static func integer(_ name: String, default: Int?, range: ClosedRange<Int>, help: String) -> Setting {
    Setting(
      name, default: `default`, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)", help: help,
      show: { String($0) }, parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } })
  }

  /// A TCP port; 0 lets the system choose one.
  public static func port(_ name: String, default: Int, help: String) -> Setting {
    .integer(name, default: `default`, range: 0...65535, help: help)
  }
}

extension Setting where Value == String {
  /// - Parameters:
  ///   - allowed: what `check` accepts, as a noun phrase.
  ///   - check: `nil` accepts any text.
  public static func text(
    _ name: String, default: String?, secret: Bool = false, allowEmpty: Bool = false, allowed: String = "any text",
    help: String, check: (@Sendable (String) -> Bool)? = nil
  ) -> Setting {
    Setting(
      name, default: `default`, secret: secret, allowsEmpty: allowEmpty, allowed: allowed, help: help, show: { $0 },
      parse: { text in check?(text) ?? true ? text : nil })
  }

  /// One of a few words. Compared without case; the value is spelled as in `choices`.
  public static func choice(_ name: String, of choices: [String], default: String, help: String) -> Setting {
    Setting(
      name, default: `default`, allowed: "one of " + choices.joined(separator: ", "), help: help, show: { $0 },
      parse: { text in choices.first { $0.lowercased() == text.lowercased() } })
  }
}

extension Setting where Value == String? {
  /// Text that may be absent.
  public static func optionalText(
    _ name: String, secret: Bool = false, allowed: String = "any text", help: String, check: (@Sendable (String) -> Bool)? = nil
  ) -> Setting {
    Setting(
      name, default: .some(nil), secret: secret, allowed: allowed, help: help, show: { $0 },
      parse: { text in check?(text) ?? true ? .some(text) : nil })
  }

  /// As `choice`, and may be absent.
  public static func optionalChoice(_ name: String, of choices: [String], help: String) -> Setting {
    Setting(
      name, default: .some(nil), allowed: "one of " + choices.joined(separator: ", "), help: help, show: { $0 },
      parse: { text in choices.first { $0.lowercased() == text.lowercased() }.map { .some($0) } })
  }
}

extension Setting where Value == Bool {
  public static func flag(_ name: String, default: Bool, help: String) -> Setting {
    Setting(
      name, default: `default`, allowed: "true or false", help: help, show: { $0 ? "true" : "false" },
      parse: { text in
        switch text.lowercased() {
        case "true", "1", "yes", "on": true
        case "false", "0", "no", "off": false
        default: nil
        }
      })
  }
}

extension Setting where Value == [String] {
  /// Comma separated; blanks around an element do not count, empty elements are refused.
  public static func list(
    _ name: String, default: [String], allowed: String = "a list separated by commas", help: String,
    check: (@Sendable (String) -> Bool)? = nil
  ) -> Setting {
    Setting(
      name, default: `default`, allowed: allowed, help: help, show: { $0.joined(separator: ",") },
      parse: { text in
        let elements = text.split(separator: ",", omittingEmptySubsequences: false).map { trimmed($0) }
        return elements.allSatisfy { !$0.isEmpty && check?($0) ?? true } ? elements : nil
      })
  }
}

private func trimmed(_ text: Substring) -> String {
  let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
  return String(text.drop(while: blank).reversed().drop(while: blank).reversed())
}
