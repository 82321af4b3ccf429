/// Finds secrets and personal data in UTF-8 text, in one pass from left to right. No byte is looked at more than a few times, whatever
/// the text: an agent's output is as long and as odd as it likes.
struct TextScanner {
  /// What to replace.
  struct Match {
    let range: Range<Int>
    let kind: RedactionKind
  }

  let text: UnsafeBufferPointer<UInt8>
  /// Everything before was decided.
  var settled = 0

  /// - Parameter triggers: 1 for the bytes of `TextScanner.triggers`.
  /// - Returns: the next place to replace; `nil` when there is none.
  mutating func next(_ triggers: UnsafeBufferPointer<UInt8>) -> Match? {
    var index = settled
    while index < text.count {
      if triggers[Int(text[index])] != 0, let match = match(at: index) {
        settled = match.range.upperBound
        return match
      }
      index += 1
    }
    settled = index
    return nil
  }

  /// Every kind shows itself by one of these, and most bytes of a text are none.
  static let triggers: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 256)
    for byte in "@:=JABb_-+(.".utf8 { table[Int(byte)] = 1 }
    return table
  }()

  private func match(at index: Int) -> Match? {
    switch text[index] {
    case ascii("@"): return email(index)
    case ascii(":"): return userInformation(index) ?? keyed(index)
    case ascii("="): return keyed(index)
    case ascii("J"): return webToken(index)
    case ascii("A"): return amazonKey(index) ?? googleKey(index)
    case ascii("B"), ascii("b"): return bearer(index)
    case ascii("_"): return githubKey(index)
    case ascii("-"): return hyphenKey(index) ?? privateKey(index) ?? groupedPhone(index)
    case ascii("."): return groupedPhone(index)
    case ascii("("), ascii("+"): return phone(index)
    default: return nil
    }
  }

  // MARK: Bytes

  @inline(__always) func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(ascii: scalar) }

  @inline(__always) func byte(_ index: Int) -> UInt8 { index >= 0 && index < text.count ? text[index] : 0 }

  static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
  static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 }
  static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) || byte == 0x5F }
  /// Base64 in its URL form.
  static func isToken(_ byte: UInt8) -> Bool { isWord(byte) || byte == 0x2D }

  func hasText(_ expected: StaticString, at index: Int) -> Bool {
    guard index >= 0, index + expected.utf8CodeUnitCount <= text.count else { return false }
    for offset in 0..<expected.utf8CodeUnitCount where text[index + offset] != expected.utf8Start[offset] { return false }
    return true
  }

  /// The first index from `start` on whose byte is not accepted.
  func end(from start: Int, while accepts: (UInt8) -> Bool) -> Int {
    var index = start
    while index < text.count, accepts(text[index]) { index += 1 }
    return index
  }

  /// Nothing of a longer word stands before `start`, and nothing of what was replaced.
  func begins(_ start: Int) -> Bool { start >= settled && !TextScanner.isWord(byte(start - 1)) }
}
