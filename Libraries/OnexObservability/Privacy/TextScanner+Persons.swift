/// Addresses and numbers of persons.
extension TextScanner {
  /// A longer local part is no address (RFC 5321 section 4.5.3.1).
  private static let localPartMax = 64
  private static let phoneDigits = 8...15

  /// - Parameter index: of the `@`.
  func email(_ index: Int) -> Match? {
    var start = index
    let first = max(settled, index - TextScanner.localPartMax)
    while start > first, TextScanner.isLocalPart(text[start - 1]) { start -= 1 }
    // Quoted text ends in dots and hyphens; addresses do not begin with them.
    while start < index, text[start] == 0x2E || text[start] == 0x2D { start += 1 }
    guard start < index else { return nil }
    var end = end(from: index + 1) { TextScanner.isDigit($0) || TextScanner.isLetter($0) || $0 == 0x2E || $0 == 0x2D }
    while end > index, text[end - 1] == 0x2E || text[end - 1] == 0x2D { end -= 1 }
    var label = end
    while label > index + 1, TextScanner.isLetter(text[label - 1]) { label -= 1 }
    guard end - label >= 2, label > index + 2, text[label - 1] == 0x2E else { return nil }
    return Match(range: start..<end, kind: .email)
  }

  private static func isLocalPart(_ byte: UInt8) -> Bool {
    isToken(byte) || byte == 0x2E || byte == 0x2B || byte == 0x25
  }

  /// `+49 30 1234567`, `(555) 123-4567`.
  func phone(_ index: Int) -> Match? {
    guard begins(index), byte(index) == ascii("+") ? TextScanner.isDigit(byte(index + 1)) : isAreaCode(index) else { return nil }
    var digits = 0
    var end = index + 1
    var place = end
    while place < text.count, digits <= TextScanner.phoneDigits.upperBound {
      if TextScanner.isDigit(text[place]) {
        digits += 1
        end = place + 1
      } else if place - end >= 2 || !TextScanner.isBetweenDigits(text[place]) {
        break
      }
      place += 1
    }
    guard TextScanner.phoneDigits.contains(digits), !TextScanner.isWord(byte(end)) else { return nil }
    return Match(range: index..<end, kind: .phone)
  }

  private static func isBetweenDigits(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x28, 0x29, 0x2D, 0x2E: true
    default: false
    }
  }

  private func isAreaCode(_ index: Int) -> Bool { areDigits(index + 1, 3) && byte(index + 4) == ascii(")") }

  /// `555-123-4567`, `555.123.4567`.
  ///
  /// - Parameter index: of the first separator.
  func groupedPhone(_ index: Int) -> Match? {
    guard TextScanner.isDigit(byte(index - 1)), areDigits(index - 3, 3), begins(index - 3), byte(index - 4) != byte(index),
      areDigits(index + 1, 3), byte(index + 4) == byte(index), areDigits(index + 5, 4), !TextScanner.isWord(byte(index + 9)),
      byte(index + 9) != byte(index) || !TextScanner.isDigit(byte(index + 10))
    else { return nil }
    return Match(range: index - 3..<index + 9, kind: .phone)
  }

  private func areDigits(_ start: Int, _ count: Int) -> Bool {
    for index in start..<start + count where !TextScanner.isDigit(byte(index)) { return false }
    return true
  }
}
