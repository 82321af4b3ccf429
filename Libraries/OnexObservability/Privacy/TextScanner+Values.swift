/// Values of names that say they are secret, in whatever notation: `password=x`, `"api_key": "x"`, `Authorization: Basic x`, `\"token\":\"x\"`.
extension TextScanner {
  /// - Parameter index: of the `:` or `=`.
  func keyed(_ index: Int) -> Match? {
    guard let name = name(before: index), SecretName.isSecret(name) else { return nil }
    // `==`, `:=`, `=>`
    var start = end(from: index + 1) { $0 == 0x3D || $0 == 0x3E }
    start = end(from: start) { $0 == 0x20 || $0 == 0x09 }
    let isEscaped = byte(start) == 0x5C && (byte(start + 1) == 0x22 || byte(start + 1) == 0x27)
    if isEscaped { start += 1 }
    let quote = byte(start)
    let end: Int
    if quote == 0x22 || quote == 0x27 {
      start += 1
      end = isEscaped ? self.end(from: start) { $0 != 0x5C && $0 != quote } : closing(quote, from: start)
    } else if SecretName.isLine(name) {
      end = self.end(from: start) { $0 != 0x0A && $0 != 0x0D && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
    } else {
      end = self.end(from: start, while: TextScanner.isBareValue)
      guard !isWordOfNoSecret(start..<end) else { return nil }
    }
    guard end > start, start >= settled, !hasText("[REDACTED:", at: start) else { return nil }
    return Match(range: start..<end, kind: .secret)
  }

  /// `scheme://user:password@host` (RFC 3986 section 3.2.1): the password.
  func userInformation(_ index: Int) -> Match? {
    guard byte(index + 1) == 0x2F, byte(index + 2) == 0x2F else { return nil }
    var colon: Int?
    var place = index + 3
    while place < text.count {
      switch text[place] {
      case ascii("@"):
        guard let colon, place > colon + 1, !hasText("[REDACTED:", at: colon + 1) else { return nil }
        return Match(range: colon + 1..<place, kind: .secret)
      case ascii(":"): colon = colon ?? place
      case 0...0x20, ascii("/"), ascii("?"), ascii("#"), ascii("\""), ascii("'"), ascii("<"), ascii(">"): return nil
      default: break
      }
      place += 1
    }
    return nil
  }

  /// The name that ends before `index`, quotes and spaces left out.
  private func name(before index: Int) -> Slice<UnsafeBufferPointer<UInt8>>? {
    var end = index
    for _ in 0..<4 where end > settled {
      guard TextScanner.isAroundName(text[end - 1]) else { break }
      end -= 1
    }
    guard end > settled, SecretName.canEnd(in: text[end - 1]) else { return nil }
    var start = end
    let first = max(settled, end - SecretName.bytesMax)
    while start > first, TextScanner.isToken(text[start - 1]) || text[start - 1] == 0x2E { start -= 1 }
    return start < end ? text[start..<end] : nil
  }

  private static func isAroundName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x22, 0x27, 0x5C: true
    default: false
    }
  }

  private func closing(_ quote: UInt8, from start: Int) -> Int {
    var index = start
    while index < text.count, text[index] != quote { index += text[index] == 0x5C ? 2 : 1 }
    return min(index, text.count)
  }

  private static func isBareValue(_ byte: UInt8) -> Bool {
    switch byte {
    // Spaces, and what ends a value in a list, a query or a document.
    case 0...0x20, 0x22, 0x26, 0x27, 0x29, 0x2C, 0x3B, 0x3C, 0x3E, 0x5C, 0x5D, 0x60, 0x7D: false
    default: true
    }
  }

  /// Structures and words that stand for having none.
  private func isWordOfNoSecret(_ range: Range<Int>) -> Bool {
    guard !range.isEmpty else { return true }
    if text[range.lowerBound] == ascii("{") || text[range.lowerBound] == ascii("[") {
      return !hasText("[REDACTED:", at: range.lowerBound)
    }
    guard range.count <= 9 else { return false }
    return ["null", "nil", "none", "None", "true", "false", "True", "False", "undefined"].contains(
      String(decoding: text[range], as: UTF8.self))
  }
}
