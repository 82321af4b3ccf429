/// Keys and tokens that are told by how they look.
extension TextScanner {
  private static let bearerCharactersMin = 16
  private static let keyCharactersMin = 16

  /// `Bearer …` (RFC 6750), unless it is prose.
  func bearer(_ index: Int) -> Match? {
    guard byte(index + 6) == ascii(" "), hasText("earer", at: index + 1) || hasText("EARER", at: index + 1), begins(index) else {
      return nil
    }
    let start = index + 7
    let end = end(from: start) { TextScanner.isToken($0) || $0 == 0x2E || $0 == 0x7E || $0 == 0x2B || $0 == 0x2F || $0 == 0x3D }
    guard end - start >= TextScanner.bearerCharactersMin, text[start..<end].contains(where: TextScanner.isDigit) else {
      return nil
    }
    return Match(range: start..<end, kind: .bearer)
  }

  /// `eyJ….….…`: base64 of `{"`, which every header begins with.
  func webToken(_ index: Int) -> Match? {
    let start = index - 2
    guard hasText("ey", at: start), begins(start), byte(start - 1) != ascii("-") else { return nil }
    let end = end(from: start) { TextScanner.isToken($0) || $0 == 0x2E }
    guard end - start >= 20, text[start..<end].contains(0x2E) else { return nil }
    return Match(range: start..<end, kind: .jwt)
  }

  /// `AKIA…` and its relatives: four letters that say what it is, then sixteen upper-case letters and digits.
  func amazonKey(_ index: Int) -> Match? {
    guard hasText("AKIA", at: index) || hasText("ASIA", at: index) || hasText("AROA", at: index) || hasText("AIDA", at: index),
      begins(index)
    else { return nil }
    let end = end(from: index) { TextScanner.isDigit($0) || $0 &- 65 < 26 }
    guard end - index == 20, !TextScanner.isWord(byte(end)) else { return nil }
    return Match(range: index..<end, kind: .awsKey)
  }

  func googleKey(_ index: Int) -> Match? {
    guard hasText("AIza", at: index), begins(index) else { return nil }
    return key(from: index, prefix: 4, charactersMin: 30)
  }

  /// `ghp_…`, `gho_…`, `ghs_…`, `ghu_…`, `ghr_…`, `github_pat_…`.
  func githubKey(_ index: Int) -> Match? {
    if byte(index - 3) == ascii("g"), byte(index - 2) == ascii("h"), begins(index - 3) {
      switch byte(index - 1) {
      case ascii("p"), ascii("o"), ascii("s"), ascii("u"), ascii("r"): return key(from: index - 3, prefix: 4)
      default: return nil
      }
    }
    guard byte(index - 1) == ascii("t"), hasText("github_pat", at: index - 10), begins(index - 10) else { return nil }
    return key(from: index - 10, prefix: 11)
  }

  /// `sk-…`, and `xoxb-…` with other letters in the place of b.
  func hyphenKey(_ index: Int) -> Match? {
    if byte(index - 1) == ascii("k"), byte(index - 2) == ascii("s"), begins(index - 2) {
      return key(from: index - 2, prefix: 3)
    }
    guard TextScanner.isLetter(byte(index - 1)), hasText("xox", at: index - 4), begins(index - 4) else { return nil }
    return key(from: index - 4, prefix: 5, charactersMin: 10)
  }

  private func key(from start: Int, prefix: Int, charactersMin: Int = keyCharactersMin) -> Match? {
    let end = end(from: start + prefix, while: TextScanner.isToken)
    guard end - start - prefix >= charactersMin, text[start..<end].contains(where: TextScanner.isDigit) else { return nil }
    return Match(range: start..<end, kind: .apiKey)
  }

  /// A private key in PEM (RFC 7468), to its end or to the end of the text.
  func privateKey(_ index: Int) -> Match? {
    guard hasText("-----BEGIN ", at: index), index >= settled else { return nil }
    let label = end(from: index + 11) { $0 != 0x2D && $0 != 0x0A }
    guard label >= index + 11 + 11, hasText("PRIVATE KEY", at: label - 11) else { return nil }
    var end = label + 5
    while end < text.count, !(text[end] == 0x2D && hasText("-----END ", at: end)) { end += 1 }
    if end < text.count { end = min(self.end(from: end + 9) { $0 != 0x2D } + 5, text.count) }
    return Match(range: index..<min(end, text.count), kind: .privateKey)
  }
}
