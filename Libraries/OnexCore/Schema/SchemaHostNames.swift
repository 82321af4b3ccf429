/// Host names, addresses and mailboxes as `format` checks them.
extension SchemaFormat {
  // MARK: Mailboxes

  /// `Mailbox` of RFC 5321 section 4.1.2; international: with UTF-8 as RFC 6531 section 3.3 adds it.
  static func isEmail(_ text: String, isInternational: Bool) -> Bool {
    // A quoted local part may hold "@".
    guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return false }
    let local = text.utf8[..<at]
    let domain = text[text.utf8.index(after: at)...]
    guard (1...64).contains(local.count), isLocalPart(local, isInternational) else { return false }
    guard domain.utf8.first == UInt8(ascii: "["), domain.utf8.last == UInt8(ascii: "]") else {
      return isInternational ? isInternationalHostname(String(domain)) : isHostname(domain)
    }
    let literal = domain.utf8.dropFirst().dropLast()
    let isTagged = literal.count > 5 && String(Substring(literal.prefix(5))).lowercased() == "ipv6:"
    return isTagged ? isIPv6(literal.dropFirst(5)) : isIPv4(literal)
  }

  private static func isLocalPart(_ local: Substring.UTF8View, _ isInternational: Bool) -> Bool {
    if local.first == UInt8(ascii: "\""), local.last == UInt8(ascii: "\""), local.count >= 2 {
      var isEscaped = false
      for byte in local.dropFirst().dropLast() {
        guard (32...126).contains(byte) || (isInternational && byte >= 128) else { return false }
        if !isEscaped, byte == UInt8(ascii: "\"") { return false }
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      }
      return !isEscaped
    }
    return local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty
        && atom.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) || (isInternational && $0 >= 128) }
    }
  }

  // MARK: Host names

  /// RFC 1123 section 2.1: labels of 1 to 63 letters, digits and hyphens, at most 253 characters. Hyphens at the third and fourth place
  /// are for encoded labels (RFC 5891 section 4.2.3.1), which must stand for a label of another script.
  static func isHostname(_ text: Substring) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
      guard (1...63).contains(label.count), label.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }),
        label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
      else { return false }
      guard label.count >= 4, label.dropFirst(2).starts(with: "--".utf8) else { return true }
      let isEncoded = String(Substring(label.prefix(2))).lowercased() == "xn"
      return isEncoded && decodedPunycode(label.dropFirst(4)).map { isInternationalLabel($0) } ?? false
    }
  }

  /// Labels of letters, marks and digits of any script (RFC 5890 section 2.3.2), separated by any of the four dots of RFC 3490.
  static func isInternationalHostname(_ text: String) -> Bool {
    let separators: Set<Unicode.Scalar> = [".", "\u{3002}", "\u{FF0E}", "\u{FF61}"]
    guard text.utf8.count <= 1012 else { return false }
    return text.unicodeScalars.split(omittingEmptySubsequences: false) { separators.contains($0) }.allSatisfy { label in
      label.allSatisfy(\.isASCII) ? isHostname(Substring(label)) : isInternationalLabel(Array(label))
    }
  }

  /// A U-label: RFC 5891 section 4.2.3 and the rules of RFC 5892.
  private static func isInternationalLabel(_ label: [Unicode.Scalar]) -> Bool {
    guard let first = label.first, label.count <= 63, label.contains(where: { !$0.isASCII }) else { return false }
    let hasHyphens = label.count >= 4 && label[2] == "-" && label[3] == "-"
    guard first != "-", label.last != "-", !hasHyphens, !isMark(first) else { return false }
    // Digits of both Arabic series are not mixed (appendix A.8 and A.9).
    let isMixed = label.contains { (0x660...0x669).contains($0.value) } && label.contains { (0x6F0...0x6F9).contains($0.value) }
    return !isMixed && label.indices.allSatisfy { isAllowed(label, at: $0) }
  }

  private static func isAllowed(_ label: [Unicode.Scalar], at index: Int) -> Bool {
    let scalar = label[index]
    let before = index > 0 ? label[index - 1] : nil
    let after = index + 1 < label.count ? label[index + 1] : nil
    switch scalar.value {
    case UInt32(UInt8(ascii: "-")): return true
    // Exceptions of RFC 5892 section 2.6.
    case 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007: return true
    case 0x640, 0x7FA, 0x302E, 0x302F, 0x3031...0x3035, 0x303B: return false
    // Allowed beside certain others (appendix A.1 to A.7).
    case 0x200C: return isVirama(before) || (isJoining(before) && isJoining(after))
    case 0x200D: return isVirama(before)
    case 0xB7: return before == "l" && after == "l"
    case 0x375: return after.map { (0x370...0x3FF).contains($0.value) || (0x1F00...0x1FFF).contains($0.value) } ?? false
    case 0x5F3, 0x5F4: return before.map { (0x590...0x5FF).contains($0.value) } ?? false
    case 0x30FB: return label.contains { $0.value != 0x30FB && isJapanese($0) }
    default: break
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .nonspacingMark, .spacingMark:
      return true
    default: return false
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: true
    default: false
    }
  }

  private static func isVirama(_ scalar: Unicode.Scalar?) -> Bool { scalar?.properties.canonicalCombiningClass == .virama }

  /// A letter of a script whose letters are joined: Arabic, Syriac, N'Ko, Mongolian, Phags-pa.
  private static func isJoining(_ scalar: Unicode.Scalar?) -> Bool {
    switch scalar?.value {
    case .some(0x620...0x64A), .some(0x66E...0x6D5), .some(0x710...0x72F), .some(0x74D...0x77F), .some(0x7CA...0x7EA),
      .some(0x8A0...0x8C9), .some(0x1807...0x18AA), .some(0xA840...0xA871):
      true
    default: false
    }
  }

  private static func isJapanese(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x3005, 0x3007, 0x3021...0x3029, 0x3041...0x309F, 0x30A0...0x30FF, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xF900...0xFAFF, 0xFF66...0xFF9D, 0x20000...0x3FFFF:
      true
    default: false
    }
  }

  /// The label that is encoded behind `xn--` (RFC 3492 section 6.2); `nil` when nothing is encoded so.
  private static func decodedPunycode(_ text: Substring.UTF8View) -> [Unicode.Scalar]? {
    var output: [Unicode.Scalar] = []
    var rest = text
    if let delimiter = text.lastIndex(of: UInt8(ascii: "-")) {
      output = text[..<delimiter].map { Unicode.Scalar($0) }
      rest = text[text.index(after: delimiter)...]
    }
    var code = 128
    var place = 0
    var bias = 72
    // A label has at most 63 bytes, and every value below is cut at 2^40, so that nothing overflows.
    let valueMax = 1 << 40
    while !rest.isEmpty {
      let placeBefore = place
      var weight = 1
      var step = 36
      while true {
        guard let byte = rest.popFirst(), let digit = punycodeDigit(byte) else { return nil }
        place += digit * weight
        let threshold = step <= bias ? 1 : step >= bias + 26 ? 26 : step - bias
        guard place < valueMax else { return nil }
        if digit < threshold { break }
        weight *= 36 - threshold
        guard weight < valueMax else { return nil }
        step += 36
      }
      let count = output.count + 1
      var delta = placeBefore == 0 ? place / 700 : (place - placeBefore) / 2
      delta += delta / count
      bias = 0
      while delta > 455 {
        delta /= 35
        bias += 36
      }
      bias += 36 * delta / (delta + 38)
      code += place / count
      place %= count
      guard code <= 0x10FFFF, let scalar = Unicode.Scalar(UInt32(code)) else { return nil }
      output.insert(scalar, at: place)
      place += 1
    }
    return output
  }

  private static func punycodeDigit(_ byte: UInt8) -> Int? {
    switch byte {
    case 48...57: Int(byte) - 48 + 26
    case 65...90: Int(byte) - 65
    case 97...122: Int(byte) - 97
    default: nil
    }
  }

  // MARK: Addresses

  static func isIPv4(_ text: Substring.UTF8View) -> Bool {
    let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 4, omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        (1...3).contains(part.count) && part.allSatisfy { (48...57).contains($0) } && (part.count == 1 || part.first != 48)
          && part.reduce(0) { $0 * 10 + Int($1 - 48) } <= 255
      }
  }

  /// RFC 4291 section 2.2, without a zone.
  static func isIPv6(_ text: Substring.UTF8View) -> Bool {
    guard text.count <= 45 else { return false }
    let colon = UInt8(ascii: ":")
    var parts = text.split(separator: colon, omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return false }
    var groups = 0
    if let last = parts.last, last.contains(UInt8(ascii: ".")) {
      guard isIPv4(last) else { return false }
      parts.removeLast()
      groups = 2
      // "::" before it leaves one empty part, which the rules below take for its second colon.
      if parts.last?.isEmpty == true, parts.count == 2, parts[0].isEmpty { return true }
    }
    // "::" at an end leaves two empty parts, one of which says nothing.
    let isOpen = (start: parts.first?.isEmpty == true, end: groups == 0 && parts.last?.isEmpty == true)
    if isOpen.start {
      guard parts.count > 1, parts[1].isEmpty else { return false }
      parts.removeFirst()
    }
    if isOpen.end {
      guard parts.count > 1, parts[parts.count - 2].isEmpty else { return false }
      parts.removeLast()
    }
    let gaps = parts.count { $0.isEmpty }
    groups += parts.count - gaps
    let areHex = parts.allSatisfy { $0.count <= 4 && $0.allSatisfy { URIReference.hexValue($0) != nil } }
    return areHex && (gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7)
  }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: false
    }
  }
}
