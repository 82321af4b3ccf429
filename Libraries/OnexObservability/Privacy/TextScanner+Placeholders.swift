/// Values that are no secret: placeholders, expressions, and the words of a sentence about one.
extension TextScanner {
  /// Words that stand in the place of a secret in code and in forms.
  private static let emptyWords: Set<String> = [
    "null", "nil", "none", "true", "false", "undefined", "unset", "empty", "required", "optional", "string", "str", "text",
    "varchar",
    "char", "int", "integer", "number", "bool", "boolean", "any", "object", "bytes", "let", "const", "func", "function", "return",
    "await", "async", "new", "input", "prompt", "getpass", "include", "inherit", "omit", "same-origin", "redacted",
    "secretstr",
  ]

  /// Words that begin a sentence about a secret.
  private static let proseWords: Set<String> = [
    "missing", "invalid", "valid", "expired", "expires", "incorrect", "wrong", "denied", "failed", "unknown", "accepted",
    "rejected",
    "ok", "yes", "no", "not", "is", "are", "was", "has", "have", "had", "must", "should", "cannot", "can", "could", "may",
    "might",
    "will", "would", "needs", "needed", "too", "use", "using", "used", "enter", "please", "the", "a", "an", "this", "that",
    "your",
    "my", "our", "its", "for", "to", "from", "or", "and", "of", "in", "on", "at", "by", "with", "without", "changed", "change",
    "reset",
    "updated", "field", "option", "flag", "argument", "parameter", "switch", "value", "var", "type", "secret", "password",
    "token",
    "enabled", "disabled", "found", "generated", "set", "stored", "read", "sent", "received", "refreshed", "auth", "granted",
    "pending",
    "verified", "if", "when", "see", "how", "what", "why", "count", "limit", "length", "self", "def", "patience", "instead",
    "because",
    "only", "also", "never", "always", "all", "both", "each", "policy", "file", "header", "basic", "identifier", "keyword",
  ]

  /// A placeholder, an expression, or a word of prose where a sentence can stand.
  func isNoSecret(_ range: Range<Int>, inProse: Bool) -> Bool {
    isPlaceholder(range) || isPlainWord(range, inProse: inProse) || isCode(range)
  }

  func isPlainWord(_ range: Range<Int>, inProse: Bool = true) -> Bool {
    var end = range.upperBound
    while end > range.lowerBound, !TextScanner.isAlphanumeric(text[end - 1]) { end -= 1 }
    guard end > range.lowerBound else { return text[range].allSatisfy { $0 < 0x80 } && range.count < 4 }
    guard end - range.lowerBound <= 11, range.upperBound - end <= 3 else { return false }
    let word = String(decoding: text[range.lowerBound..<end], as: UTF8.self).lowercased()
    return TextScanner.emptyWords.contains(word) || inProse && TextScanner.proseWords.contains(word)
  }

  /// `***`, `xxxx`, `<password>`, `${NAME}`, `$NAME`, `%s`, `{{ name }}`, `PASSWORD`: the place of a secret.
  func isPlaceholder(_ range: Range<Int>) -> Bool {
    guard range.count <= 64, let first = text[range].first, let last = text[range].last else { return false }
    if "*.-_?#".utf8.contains(first) || range.count >= 3 && first | 0x20 == 0x78, text[range].allSatisfy({ $0 == first }) {
      return true
    }
    if text[range].allSatisfy({ $0 == 0x2A || $0 == 0x2E }) { return true }
    switch first {
    case ascii("<"): return last == 0x3E
    case ascii("{"): return last == 0x7D
    case ascii("["): return last == 0x5D
    case ascii("%"): return range.count <= 3 || last == 0x25 || byte(range.lowerBound + 1) == 0x28
    case ascii("$"):
      let second = byte(range.lowerBound + 1)
      if second == 0x7B || second == 0x28 { return last == (second == 0x7B ? 0x7D : 0x29) || !text[range].contains(0x7D) }
      let name = text[range.lowerBound + 1..<range.upperBound]
      if name.allSatisfy({ TextScanner.isUpper($0) || $0 == 0x5F || TextScanner.isDigit($0) }) { return true }
      return name.allSatisfy { TextScanner.isToken($0) } && SecretName.meaning(name) != nil
    default:
      let isName = text[range].allSatisfy { TextScanner.isUpper($0) || $0 == 0x5F }
      return isName && SecretName.meaning(text[range]) != nil
    }
  }

  /// The roots of an expression that reads a secret from elsewhere.
  private static let roots: [StaticString] = [
    "self.", "this.", "config.", "os.", "process.", "env.", "settings.", "request.", "req.", "args.", "options.", "opts.",
    "params.",
    "ctx.", "context.", "secrets.", "vars.", "props.", "state.", "user.", "data.", "input.", "environ.", "app.", "client.",
    "session.",
    "vault.", "credentials.", "conf.", "cfg.", "event.", "body.", "module.", "local.", "var.", "environ.", "properties.",
  ]

  /// `self.token`, `os.environ`, `getpass()`: an expression.
  func isCode(_ range: Range<Int>) -> Bool {
    let name = end(from: range.lowerBound, within: 64) { TextScanner.isLetter($0) || $0 == 0x5F || $0 == 0x2E }
    guard name > range.lowerBound + 1 else { return false }
    // A call or a subscript.
    if byte(name) == 0x28 || byte(name) == 0x5B { return true }
    guard name == range.upperBound || byte(name) == 0x3F || byte(name) == 0x21 else { return false }
    return TextScanner.roots.contains { hasText($0, at: range.lowerBound) }
  }

  /// A digit beside letters, or a sign within: no plain word.
  func isSecretive(_ range: Range<Int>) -> Bool {
    var (letters, digits, signs) = (0, 0, 0)
    for byte in text[range] {
      if TextScanner.isLetter(byte) {
        letters += 1
      } else if TextScanner.isDigit(byte) {
        digits += 1
      } else if byte != 0x2E && byte != 0x2C && byte != 0x21 && byte != 0x3A {
        signs += 1
      }
    }
    return letters > 0 && digits > 0 || signs > 0 && letters > 0 && range.count >= 6 || digits > 0 && signs > 0
      || range.count >= 24
  }
}
