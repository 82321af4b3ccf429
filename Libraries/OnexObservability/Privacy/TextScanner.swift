/// Finds secrets and personal data in UTF-8 text, in one pass from left to right.
///
/// The time is linear in the text, whatever it holds: a look back is bounded by a constant, and a look ahead is bounded by a constant,
/// is consumed by the match that it leads to, or is remembered.
struct TextScanner {
  /// A place to replace.
  struct Match {
    let range: Range<Int>
    let kind: RedactionKind
  }

  let text: UnsafeBufferPointer<UInt8>
  /// Everything before was decided.
  var settled = 0
  /// The program named last on the line, whose short options are known.
  var command: Command?
  /// The next `@` of a run without spaces, or its end: `start ..< place` holds none.
  var nextAt: (start: Int, place: Int) = (0, 0)
  /// Bytes read by looking ahead without a fixed bound. Tests hold it against the length of the text.
  var lookedAhead = 0

  init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

  /// What a byte can begin.
  enum ByteClass: UInt8 {
    case nothing
    /// A letter, a digit or `_`: looked at where a word begins.
    case word
    case sign
    case lineEnd
  }

  /// The `ByteClass` of each byte.
  static let classes: [UInt8] = {
    var table = [UInt8](repeating: ByteClass.nothing.rawValue, count: 256)
    for byte in 0..<256 where isWord(UInt8(byte)) { table[byte] = ByteClass.word.rawValue }
    for byte in "@:=-+(%,>'\"".utf8 { table[Int(byte)] = ByteClass.sign.rawValue }
    for byte in "\n;|".utf8 { table[Int(byte)] = ByteClass.lineEnd.rawValue }
    return table
  }()

  /// - Parameter classes: `TextScanner.classes`.
  /// - Returns: the next place to replace; `nil` when there is none.
  mutating func next(_ classes: UnsafeBufferPointer<UInt8>) -> Match? {
    var index = settled
    var before = index > 0 ? classes[Int(text[index - 1])] : 0
    while index < text.count {
      let byteClass = classes[Int(text[index])]
      if byteClass != 0 {
        let match: Match?
        switch byteClass {
        case ByteClass.word.rawValue: match = before == byteClass ? nil : word(at: index)
        case ByteClass.sign.rawValue: match = sign(at: index)
        default:
          command = nil
          match = nil
        }
        if let match {
          settled = match.range.upperBound
          return match
        }
      }
      before = byteClass
      index += 1
    }
    settled = index
    return nil
  }

  private mutating func word(at index: Int) -> Match? {
    let first = text[index]
    if TextScanner.isDigit(first) { return number(index) }
    command = Command(self, at: index) ?? command
    return token(index) ?? iban(index) ?? spoken(index)
  }

  private mutating func sign(at index: Int) -> Match? {
    switch text[index] {
    case ascii("@"): return email(index, signBytes: 1)
    case ascii("%"): return escapedSign(index)
    case ascii(":"): return userInformation(index) ?? keyed(index)
    case ascii("="): return keyed(index)
    case ascii(">"): return element(index)
    case ascii(","): return pair(index)
    case ascii("'"), ascii("\""): return quotedAfterName(index)
    case ascii("-"): return privateKey(index) ?? option(index)
    case ascii("+"), ascii("("): return phone(index)
    default: return nil
    }
  }

  /// `%40` `%3D` `%3A` (RFC 3986 section 2.1)
  private mutating func escapedSign(_ index: Int) -> Match? {
    if hasText("%40", at: index) { return email(index, signBytes: 3) }
    return hasWord("%3d", at: index) || hasWord("%3a", at: index) ? keyed(index, signBytes: 3) : nil
  }

  // MARK: Bytes

  @inline(__always) func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(ascii: scalar) }

  /// 0 outside of the text.
  @inline(__always) func byte(_ index: Int) -> UInt8 { index >= 0 && index < text.count ? text[index] : 0 }

  static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
  static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 }
  static func isUpper(_ byte: UInt8) -> Bool { byte &- 65 < 26 }
  static func isLower(_ byte: UInt8) -> Bool { byte &- 97 < 26 }
  static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) || byte == 0x5F }
  static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 < 6 }
  static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
  /// Base64 in its URL form (RFC 4648 section 5).
  static func isToken(_ byte: UInt8) -> Bool { isWord(byte) || byte == 0x2D }
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  static func isSpace(_ byte: UInt8) -> Bool { isBlank(byte) || byte == 0x0A || byte == 0x0D }

  func hasText(_ expected: StaticString, at index: Int) -> Bool {
    guard index >= 0, index <= text.count - expected.utf8CodeUnitCount else { return false }
    for offset in 0..<expected.utf8CodeUnitCount where text[index + offset] != expected.utf8Start[offset] { return false }
    return true
  }

  /// Without regard to the case of letters.
  ///
  /// - Parameter expected: lower-case ASCII.
  func hasWord(_ expected: StaticString, at index: Int) -> Bool {
    guard index >= 0, index <= text.count - expected.utf8CodeUnitCount else { return false }
    for offset in 0..<expected.utf8CodeUnitCount {
      let byte = text[index + offset]
      guard (TextScanner.isUpper(byte) ? byte | 0x20 : byte) == expected.utf8Start[offset] else { return false }
    }
    return true
  }

  /// The first index from `start` on whose byte is not accepted.
  mutating func end(from start: Int, while accepts: (UInt8) -> Bool) -> Int {
    let index = end(from: start, within: text.count, while: accepts)
    lookedAhead &+= index - start
    return index
  }

  /// As above, at most `limit` bytes further.
  func end(from start: Int, within limit: Int, while accepts: (UInt8) -> Bool) -> Int {
    var index = min(start, text.count)
    let last = limit < text.count - index ? index + limit : text.count
    while index < last, accepts(text[index]) { index += 1 }
    return index
  }

  /// Where `expected` comes next; the end of the text when it does not.
  mutating func find(_ expected: StaticString, from start: Int) -> Int {
    var index = min(start, text.count)
    while index < text.count, !(text[index] == expected.utf8Start[0] && hasText(expected, at: index)) { index += 1 }
    lookedAhead &+= index - start
    return index
  }

  /// A word begins at `start`, and nothing of it was replaced.
  func begins(_ start: Int) -> Bool { start >= settled && !TextScanner.isWord(byte(start - 1)) }

  func isMarked(_ start: Int) -> Bool { hasText("[REDACTED:", at: start) }
}
