/// Replaces secrets and personal data in texts with `[REDACTED:kind]` (docs/reference/privacy.md says what is found).
struct Redactor: Sendable {
  private let triggers = TextScanner.triggers

  /// - Returns: the text without what was found; `nil` when there was nothing.
  func redacted(_ text: String) -> String? {
    var text = text
    return text.withUTF8 { source in
      triggers.withUnsafeBufferPointer { triggers in
        var scanner = TextScanner(text: source)
        // Most texts hold nothing: they cost no allocation.
        guard let first = scanner.next(triggers) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(source.count)
        var copied = 0
        var found: TextScanner.Match? = first
        while let match = found {
          output += source[copied..<match.range.lowerBound]
          output += match.kind.mark.utf8
          copied = match.range.upperBound
          found = scanner.next(triggers)
        }
        output += source[copied...]
        return String(decoding: output, as: UTF8.self)
      }
    }
  }
}
