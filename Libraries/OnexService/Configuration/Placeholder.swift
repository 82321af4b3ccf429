/// `__REPLACE_WITH_…__`: what a template holds where an operator must put a value of their own.
enum Placeholder {
  static let advice = "in place of the placeholder __REPLACE_WITH_…__"

  private static let opening = "__REPLACE_WITH_"

  /// Whether a placeholder is the text or a part of it, such as the password inside a URL.
  static func isIn(_ text: String) -> Bool {
    var rest = text[...]
    while let underscore = rest.firstIndex(of: "_") {
      rest = rest[underscore...]
      if rest.hasPrefix(opening), isClosed(rest.dropFirst(opening.count)) { return true }
      rest = rest.dropFirst()
    }
    return false
  }

  private static func isClosed(_ rest: Substring) -> Bool {
    var previous: Character?
    for character in rest {
      if character == "_", previous == "_" { return true }
      previous = character
    }
    return false
  }
}
