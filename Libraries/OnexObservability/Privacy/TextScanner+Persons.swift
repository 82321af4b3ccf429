/// Addresses and numbers of persons.
extension TextScanner {
  // MARK: E-mail

  /// A longer local part is no address (RFC 5321 section 4.5.3.1).
  private static let localPartMax = 64
  /// Names of files and units that look like a domain: `logo@2x.png`, `user@1000.service`.
  private static let fileEndings: [StaticString] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "html", "txt", "tgz", "gz", "service", "socket", "timer",
    "target", "slice", "scope", "mount",
  ]
  /// Users of version control: `git@github.com:owner/repository`.
  private static let programs: [StaticString] = ["git", "hg", "svn"]

  /// Addresses of RFC 5322 without quotes, and of RFC 6531 beyond ASCII.
  ///
  /// - Parameters:
  ///   - index: of the `@`, or of `%40`.
  ///   - signBytes: how long that is.
  mutating func email(_ index: Int, signBytes: Int) -> Match? {
    if let match = dataSource(index) { return match }
    var start = localPart(before: index)
    // Quoted text ends in dots and hyphens; addresses do not begin with them.
    while start < index, text[start] == 0x2E || text[start] == 0x2D { start += 1 }
    guard start < index, let end = domain(from: index + signBytes) else { return nil }
    let local = start..<index
    if TextScanner.programs.contains(where: { $0.utf8CodeUnitCount == local.count && hasText($0, at: start) }) { return nil }
    // A path of scp: `user@host.example:/srv`.
    if byte(end) == 0x3A, byte(end + 1) == 0x2F || byte(end + 1) == 0x7E { return nil }
    return Match(range: start..<end, kind: .email)
  }

  private func localPart(before index: Int) -> Int {
    var start = index
    let first = max(settled, index - TextScanner.localPartMax)
    while start > first {
      let byte = text[start - 1]
      if byte < 0x80 {
        guard TextScanner.isToken(byte) || byte == 0x2E || byte == 0x2B || byte == 0x25 else { break }
        start -= 1
      } else {
        guard let letter = letterStart(before: start), letter >= first else { break }
        start = letter
      }
    }
    return start
  }

  /// Where the character beyond ASCII that ends before `index` begins; `nil` for punctuation and spaces.
  private func letterStart(before index: Int) -> Int? {
    var start = index - 1
    while start > index - 4, start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
    return isLetterBeyondASCII(start) ? start : nil
  }

  private func isLetterBeyondASCII(_ index: Int) -> Bool {
    let (first, second) = (byte(index), byte(index + 1))
    switch first {
    case 0xC3...0xDF: return true
    case 0xC2: return second == 0xAA || second == 0xB5 || second == 0xBA
    // General punctuation, symbols, arrows; punctuation of East Asia; full-width signs.
    case 0xE2: return false
    case 0xE3: return second != 0x80
    case 0xEF: return second != 0xBC && second != 0xBD && second != 0xBF
    case 0xE0...0xEF: return true
    default: return false
    }
  }

  /// The end of a domain of two labels or more whose last is a name and no number.
  private mutating func domain(from start: Int) -> Int? {
    var end = start
    while end < text.count {
      let byte = text[end]
      if byte < 0x80 {
        guard TextScanner.isAlphanumeric(byte) || byte == 0x2E || byte == 0x2D else { break }
        end += 1
      } else {
        guard isLetterBeyondASCII(end) else { break }
        end = self.end(from: end + 1, within: 3) { $0 & 0xC0 == 0x80 }
      }
    }
    lookedAhead &+= end - start
    while end > start, text[end - 1] == 0x2E || text[end - 1] == 0x2D { end -= 1 }
    var label = end
    while label > start, text[label - 1] != 0x2E { label -= 1 }
    guard label > start + 1, isTopLevel(label..<end), !isVersion(start) else { return nil }
    return end
  }

  private func isTopLevel(_ range: Range<Int>) -> Bool {
    guard range.count >= 2 else { return false }
    if TextScanner.fileEndings.contains(where: { $0.utf8CodeUnitCount == range.count && hasWord($0, at: range.lowerBound) }) {
      return false
    }
    return hasText("xn--", at: range.lowerBound) || text[range].allSatisfy { TextScanner.isLetter($0) || $0 >= 0x80 }
  }

  /// `package@1.2.3-rc.beta`, `action@v2.1.x`.
  private func isVersion(_ start: Int) -> Bool {
    let first = byte(start) == 0x76 ? start + 1 : start
    let major = end(from: first, within: 8, while: TextScanner.isDigit)
    return major > first && byte(major) == 0x2E && TextScanner.isDigit(byte(major + 1))
  }

  /// `user:password@tcp(host:3306)/name`, as drivers of Go take it.
  private func dataSource(_ index: Int) -> Match? {
    guard hasText("@tcp(", at: index) || hasText("@unix(", at: index) else { return nil }
    var colon: Int?
    var place = index
    while place > max(settled, index - 128), byte(place - 1) > 0x20, byte(place - 1) != 0x22, byte(place - 1) != 0x27 {
      place -= 1
      if text[place] == 0x3A { colon = place }
    }
    guard let colon, colon + 1 < index, !isMarked(colon + 1) else { return nil }
    return Match(range: colon + 1..<index, kind: .secret)
  }

  // MARK: Telephone

  /// `+49 30 1234567`, `+14155552671`, `(555) 123-4567`.
  func phone(_ index: Int) -> Match? {
    guard begins(index) else { return nil }
    return byte(index) == 0x2B ? internationalPhone(index, digitsFrom: index + 1) : areaPhone(index)
  }

  /// E.164: a country code and eight to fifteen digits in all; without separators ten at least, since shorter ones are mostly amounts.
  private func internationalPhone(_ index: Int, digitsFrom start: Int) -> Match? {
    guard let country = countryCode(start) else { return nil }
    var groups = [0]
    var (digits, end, place) = (0, start, start)
    let digitsMax = country == 1 || country == 7 ? 11 : 15
    while digits < digitsMax {
      if TextScanner.isDigit(byte(place)) {
        digits += 1
        groups[groups.count - 1] += 1
        place += 1
        end = place
      } else {
        let next = self.end(from: place, within: 3) { $0 == 0x20 || $0 == 0x2D || $0 == 0x2E || $0 == 0x28 || $0 == 0x29 }
        guard next > place, groups.count < 7, TextScanner.isDigit(byte(next)), digits < 8 || byte(next - 1) != 0x28 else { break }
        groups.append(0)
        place = next
      }
    }
    guard !TextScanner.isWord(byte(end)), groups[0] <= 6 || groups.count == 1 else { return nil }
    if country == 1 || country == 7, digits != 11 { return nil }
    if groups.count == 1 { return digits >= 10 ? Match(range: index..<end, kind: .phone) : nil }
    // A decimal has one point.
    let hasPoint = groups.count == 2 && byte(start + groups[0]) == 0x2E
    guard digits >= 8, !hasPoint, groups.max() ?? 0 >= 3 || groups.count >= 5 else { return nil }
    return Match(range: index..<end, kind: .phone)
  }

  /// The country calling code at `start` (ITU-T E.164); `nil` when there is none.
  private func countryCode(_ start: Int) -> Int? {
    let (a, b) = (byte(start), byte(start + 1))
    guard TextScanner.isDigit(a), a != 48 else { return nil }
    if a == 49 || a == 55 { return Int(a) - 48 }
    guard TextScanner.isDigit(b) else { return nil }
    let two = (Int(a) - 48) * 10 + Int(b) - 48
    switch two {
    case 20, 27, 30...34, 36, 39...41, 43...49, 51...58, 60...66, 81, 82, 84, 86, 90...95, 98: return two
    case 21...26, 29, 35, 37, 38, 42, 50, 59, 67...69, 80, 85, 87, 88, 96, 97, 99:
      return TextScanner.isDigit(byte(start + 2)) ? two : nil
    default: return nil
    }
  }

  private func areaPhone(_ index: Int) -> Match? {
    guard digits(index + 1) == 3, byte(index + 1) >= 50, byte(index + 4) == 0x29 else { return nil }
    let start = TextScanner.isBlank(byte(index + 5)) ? index + 6 : index + 5
    guard digits(start) == 3, byte(start + 3) == 0x2D || byte(start + 3) == 0x2E || byte(start + 3) == 0x20,
      digits(start + 4) == 4, !TextScanner.isWord(byte(start + 8))
    else { return nil }
    return Match(range: index..<start + 8, kind: .phone)
  }

  /// How many digits stand at `start`, at most 32.
  private func digits(_ start: Int) -> Int { start < 0 ? 0 : end(from: start, within: 32, while: TextScanner.isDigit) - start }

  // MARK: Numbers

  /// - Parameter index: where a word begins with a digit.
  mutating func number(_ index: Int) -> Match? {
    // Not the middle of a longer number.
    let before = byte(index - 1)
    if before == 0x2E || before == 0x2D || before == 0x2C, TextScanner.isDigit(byte(index - 2)) { return nil }
    guard index >= settled else { return nil }
    let count = digits(index)
    if count >= 8, count <= 10, byte(index + count) == 0x3A, let match = botToken(index, count) { return match }
    return socialSecurity(index, count) ?? groupedPhone(index, count) ?? card(index) ?? namedPhone(index)
      ?? dialledPhone(index, count)
  }

  /// `123456789:AA…`, a bot of Telegram.
  private func botToken(_ index: Int, _ count: Int) -> Match? {
    let start = index + count + 1
    let end = end(from: start, within: 40, while: TextScanner.isToken)
    guard (34...36).contains(end - start) else { return nil }
    return Match(range: index..<end, kind: .apiKey)
  }

  /// `123-45-6789` with numbers that are given out (SSA).
  private func socialSecurity(_ index: Int, _ count: Int) -> Match? {
    guard count == 3, byte(index + 3) == 0x2D, digits(index + 4) == 2, byte(index + 6) == 0x2D, digits(index + 7) == 4,
      !isContinued(index + 11)
    else { return nil }
    let (area, group, serial) = (value(index, 3), value(index + 4, 2), value(index + 7, 4))
    guard area != 0, area != 666, area < 900, group != 0, serial != 0 else { return nil }
    return Match(range: index..<index + 11, kind: .ssn)
  }

  private func value(_ start: Int, _ count: Int) -> Int { text[start..<start + count].reduce(0) { $0 * 10 + Int($1) - 48 } }

  private func isContinued(_ end: Int) -> Bool {
    TextScanner.isWord(byte(end))
      || (byte(end) == 0x2D || byte(end) == 0x2E) && TextScanner.isDigit(byte(end + 1))
  }

  /// `555-123-4567`, `555.123.4567`, `1-555-123-4567`; the area code begins with 2 to 9.
  private func groupedPhone(_ index: Int, _ count: Int) -> Match? {
    var start = index
    if count == 1, byte(index) == 49, byte(index + 1) == 0x2D || byte(index + 1) == 0x2E { start = index + 2 }
    guard digits(start) == 3, byte(start) >= 50, case let separator = byte(start + 3), separator == 0x2D || separator == 0x2E,
      digits(start + 4) == 3, byte(start + 7) == separator, digits(start + 8) == 4, !isContinued(start + 12)
    else { return nil }
    return Match(range: index..<start + 12, kind: .phone)
  }

  /// `0049 30 1234567`: the prefix for calls abroad, and separators.
  private func dialledPhone(_ index: Int, _ count: Int) -> Match? {
    guard count >= 3, count <= 6, byte(index) == 48, byte(index + 1) == 48,
      let match = internationalPhone(index, digitsFrom: index + 2), match.range.count > count
    else { return nil }
    return match
  }

  // MARK: Cards and accounts

  /// Thirteen to nineteen digits in groups as cards print them, with an issuer's prefix and the check digit of ISO/IEC 7812.
  private func card(_ index: Int) -> Match? {
    var sum = [0, 0]
    var (count, place) = (0, index)
    var groups = [0]
    var separator: UInt8 = 0
    while count < 20 {
      let byte = byte(place)
      if TextScanner.isDigit(byte) {
        let digit = Int(byte) - 48
        let doubled = digit > 4 ? digit * 2 - 9 : digit * 2
        // Which digits are doubled depends on where the number ends, so both ways are summed.
        sum[count & 1] += doubled
        sum[1 - count & 1] += digit
        count += 1
        groups[groups.count - 1] += 1
      } else {
        guard byte == 0x20 || byte == 0x2D, separator == 0 || separator == byte, TextScanner.isDigit(self.byte(place + 1)),
          groups.count < 5, isCard(index, count, sum, groups) == false
        else { break }
        separator = byte
        groups.append(0)
      }
      place += 1
    }
    guard isCard(index, count, sum, groups), !isContinued(place) else { return nil }
    return Match(range: index..<place, kind: .card)
  }

  private func isCard(_ index: Int, _ count: Int, _ sum: [Int], _ groups: [Int]) -> Bool {
    // The digit before the last is doubled, and every second one before it.
    guard (13...19).contains(count), sum[count & 1] % 10 == 0 else { return false }
    switch groups {
    case [count], [4, 4, 4, 4], [4, 4, 4, 4, 3], [4, 4, 4, 1], [4, 6, 5], [4, 6, 4]: break
    default: return false
    }
    let digits = text[index..<min(index + 6, text.count)].filter(TextScanner.isDigit).prefix(4)
    guard digits.count == 4 else { return false }
    let prefix = digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    switch prefix {
    case 4000...4999: return count == 13 || count == 16 || count == 19
    case 5100...5599, 2221...2720, 2200...2204: return count == 16
    case 3400...3499, 3700...3799: return count == 15
    case 3000...3059, 3600...3699, 3800...3999: return count == 14 || count == 16
    case 3528...3589, 6011, 6200...6299, 6440...6599: return count >= 16
    case 5000...5099, 5600...5899, 6000...6999: return count >= 16 && groups.count > 1 || count == 16
    default: return false
    }
  }

  /// Lengths of account numbers by country (the registry of ISO 13616).
  private static let accountLengths: [UInt16: Int] = {
    let text =
      "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 "
      + "GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 "
      + "MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 "
      + "VA22 VG24 XK20"
    var lengths: [UInt16: Int] = [:]
    for entry in text.utf8.split(separator: 0x20) {
      let bytes = Array(entry)
      lengths[UInt16(bytes[0]) << 8 | UInt16(bytes[1])] = Int(bytes[2] - 48) * 10 + Int(bytes[3] - 48)
    }
    return lengths
  }()

  /// An account number with a valid checksum (ISO 13616, ISO 7064 MOD 97-10), in one piece or in groups of four.
  ///
  /// - Parameter index: where a word begins with a letter.
  func iban(_ index: Int) -> Match? {
    guard TextScanner.isDigit(byte(index + 2)), TextScanner.isDigit(byte(index + 3)), TextScanner.isLetter(byte(index + 1)),
      index >= settled, let length = TextScanner.accountLengths[UInt16(byte(index) & 0xDF) << 8 | UInt16(byte(index + 1) & 0xDF)]
    else { return nil }
    var characters: [UInt8] = []
    var place = index
    while characters.count < length {
      let byte = byte(place)
      if TextScanner.isAlphanumeric(byte) {
        characters.append(TextScanner.isDigit(byte) ? byte - 48 : (byte | 0x20) - 87)
      } else {
        guard byte == 0x20 || byte == 0x2D, characters.count % 4 == 0, place > index,
          TextScanner.isAlphanumeric(self.byte(place - 1))
        else {
          return nil
        }
      }
      place += 1
    }
    guard !TextScanner.isWord(byte(place)) else { return nil }
    let remainder = (characters[4...] + characters[..<4]).reduce(0) { rest, value in
      (rest * (value > 9 ? 100 : 10) + Int(value)) % 97
    }
    return remainder == 1 ? Match(range: index..<place, kind: .iban) : nil
  }

  // MARK: Numbers after a name

  private static let phoneNames: [StaticString] = [
    "phone", "mobile", "telefon", "whatsapp", "msisdn", "fax", "tel", "cell", "sms",
  ]

  /// A national number after a name that says so: `phone: 030 1234567`, `"mobile":"5551234567"`.
  private func namedPhone(_ index: Int) -> Match? {
    var (digits, end) = (0, index)
    var place = index
    while digits <= 15 {
      if TextScanner.isDigit(byte(place)) {
        digits += 1
        end = place + 1
      } else {
        guard place - end < 2, TextScanner.isBetweenGroups(byte(place)) else { break }
      }
      place += 1
    }
    guard (7...15).contains(digits), !TextScanner.isWord(byte(end)), isPhoneName(before: index) else { return nil }
    return Match(range: index..<end, kind: .phone)
  }

  private static func isBetweenGroups(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x20, 0x28, 0x29, 0x2D, 0x2E, 0x2F: true
    default: false
    }
  }

  private func isPhoneName(before index: Int) -> Bool {
    var end = index
    let last = max(settled, index - 6)
    while end > last, !TextScanner.isWord(text[end - 1]), text[end - 1] < 0x80, text[end - 1] != 0x2C { end -= 1 }
    var start = end
    while start > max(0, end - 24), TextScanner.isToken(text[start - 1]) { start -= 1 }
    guard start < end else { return false }
    if ["number", "no", "nr", "is", "at"].contains(where: { (word: StaticString) in
      word.utf8CodeUnitCount == end - start && hasWord(word, at: start)
    }), byte(start - 1) == 0x20 {
      end = start - 1
      start = end
      while start > max(0, end - 24), TextScanner.isToken(text[start - 1]) { start -= 1 }
    }
    return TextScanner.phoneNames.contains { name in
      let length = name.utf8CodeUnitCount
      guard end - start >= length else { return false }
      return (start...end - length).contains { place in
        guard hasWord(name, at: place),
          length > 4 || !TextScanner.isLetter(byte(place + length)) || TextScanner.isUpper(byte(place + length))
        else { return false }
        return length > 4 || place == start || !TextScanner.isLetter(byte(place - 1))
      }
    }
  }
}
