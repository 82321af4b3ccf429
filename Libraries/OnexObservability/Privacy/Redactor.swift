/// Replaces secrets and personal data in texts with `[REDACTED:kind]` (docs/reference/privacy.md lists what is found).
struct Redactor: Sendable {
  private let classes = TextScanner.classes

  /// - Returns: the text without what was found; `nil` when there was nothing.
  func redacted(_ text: String) -> String? {
    var lookedAhead = 0
    return redacted(text, lookedAhead: &lookedAhead)
  }

  /// - Parameter lookedAhead: the bytes that were read by looking ahead, added.
  func redacted(_ text: String, lookedAhead: inout Int) -> String? {
    var text = text
    return text.withUTF8 { source in
      classes.withUnsafeBufferPointer { classes in
        var scanner = TextScanner(text: source)
        defer { lookedAhead &+= scanner.lookedAhead }
        // Most texts hold nothing: they cost no allocation.
        guard let first = scanner.next(classes) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(source.count)
        var copied = 0
        var found: TextScanner.Match? = first
        while let match = found {
          output += source[copied..<match.range.lowerBound]
          output += match.kind.mark.utf8
          copied = match.range.upperBound
          found = scanner.next(classes)
        }
        output += source[copied...]
        return String(decoding: output, as: UTF8.self)
      }
    }
  }
}
