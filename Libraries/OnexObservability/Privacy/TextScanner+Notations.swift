/// Values in the notations of programs, shells and documents: `b'x'`, `a"x y"`, `${NAME}x`, block scalars of YAML, character data of XML,
/// and names with escaped letters.
extension TextScanner {
  /// The quote of a string with the letters of a kind before it: `b'x'`, `f"x"`, `rb'x'`; `nil` for what is none.
  func quoteBehindKind(_ start: Int) -> Int? {
    let quote = end(from: start, within: 2) { "bBrRuUfF".utf8.contains($0) }
    return quote > start && (byte(quote) == 0x22 || byte(quote) == 0x27) ? quote : nil
  }

  /// The end of a value to which the shell joins a string: `a"x y"z`. What follows the quote says whether it opens a string.
  ///
  /// - Parameter end: where the part without quotes ends.
  mutating func joined(_ end: Int) -> Int {
    var end = end
    while byte(end) == 0x22 || byte(end) == 0x27, TextScanner.isBareValue(byte(end + 1)), byte(end + 1) != 0x3A {
      let quote = byte(end)
      let close = self.end(from: end + 1, within: 256) { $0 != quote && $0 != 0x0A && $0 != 0x2C }
      guard byte(close) == quote else { break }
      end = self.end(from: close + 1, while: TextScanner.isBareValue)
    }
    return end
  }

  /// The part of a value behind a variable that stands for its beginning: `${NAME}x`.
  mutating func behindVariable(_ start: Int) -> Match? {
    guard byte(start) == 0x24, byte(start + 1) == 0x7B else { return nil }
    let close = end(from: start + 2, within: SecretName.bytesMax, while: TextScanner.isWord)
    guard close > start + 2, byte(close) == 0x7D, TextScanner.isToken(byte(close + 1)), !isMarked(close + 1) else { return nil }
    return Match(range: close + 1..<end(from: close + 1, while: TextScanner.isBareValue), kind: .secret)
  }

  /// The lines of a block scalar (YAML 1.2.2, section 8.1): `password: |` and lines that are further in than the name.
  ///
  /// - Parameter start: of the `|` or `>`.
  mutating func blockScalar(_ start: Int, _ name: Range<Int>) -> Match? {
    guard byte(start) == 0x7C || byte(start) == 0x3E else { return nil }
    let header = end(from: start + 1, within: 3) { TextScanner.isDigit($0) || $0 == 0x2B || $0 == 0x2D }
    let first = end(from: end(from: header, within: 16, while: TextScanner.isBlank), within: 2) { $0 == 0x0D || $0 == 0x0A }
    guard byte(first - 1) == 0x0A else { return nil }
    let content = end(from: first, within: 64) { $0 == 0x20 }
    var line = name.lowerBound
    while line > max(settled, name.lowerBound - 64), byte(line - 1) == 0x20 || byte(line - 1) == 0x2D { line -= 1 }
    guard content - first > name.lowerBound - line, content < text.count, byte(content) > 0x20, !isMarked(content) else {
      return nil
    }
    var last = end(from: content) { $0 != 0x0A }
    while last < text.count {
      let next = end(from: last + 1, within: content - first) { $0 == 0x20 }
      guard next - last - 1 == content - first, byte(next) > 0x0D else { break }
      last = end(from: next) { $0 != 0x0A }
    }
    return Match(range: content..<last, kind: .secret)
  }

  /// `<![CDATA[x]]>` (XML 1.0, section 2.7) in an element of a secret's name.
  mutating func characterData(_ start: Int) -> Match? {
    guard hasText("<![CDATA[", at: start), start + 9 >= settled, !isMarked(start + 9) else { return nil }
    let end = find("]]>", from: start + 9)
    return end > start + 9 ? Match(range: start + 9..<end, kind: .secret) : nil
  }

  /// The meaning of a name in which letters are written as `\u0077` (RFC 8259 section 7), however often the document was escaped.
  func meaning(of name: Range<Int>) -> SecretName.Meaning? {
    guard text[name].contains(0x5C) else { return SecretName.meaning(text[name]) }
    var letters: [UInt8] = []
    var index = name.lowerBound
    while index < name.upperBound {
      guard text[index] == 0x5C else {
        letters.append(text[index])
        index += 1
        continue
      }
      while index < name.upperBound, text[index] == 0x5C { index += 1 }
      guard index + 5 <= name.upperBound, text[index] == 0x75,
        let code = UInt8(String(decoding: text[index + 1..<index + 5], as: UTF8.self), radix: 16), code < 0x80
      else { return nil }
      letters.append(code)
      index += 5
    }
    return SecretName.meaning(String(decoding: letters, as: UTF8.self))
  }

  /// The start of the name that ends before `end`. Escaped letters belong to the name.
  func nameStart(before end: Int) -> Int {
    let first = max(settled, end - SecretName.bytesMax)
    var start = end
    while start > first {
      let byte = text[start - 1]
      let isEscape = byte == 0x5C && start < end && text[start] == 0x75 && start + 4 < end
      guard TextScanner.isToken(byte) || byte == 0x2E || isEscape || byte == 0x5C && start < end && text[start] == 0x5C else {
        break
      }
      start -= 1
    }
    return start
  }
}
