/// Keys and tokens that providers give a recognisable prefix.
///
/// Sources: the providers' own pages on token formats; RFC 6750 (bearer), RFC 7515 (JWT), RFC 7468 (PEM).
extension TextScanner {
  /// How a provider's token looks after its prefix.
  struct TokenShape {
    enum Characters { case token, dotted, alphanumeric, hexadecimal, path }

    let prefix: [UInt8]
    let characters: Characters
    /// A shorter run is a word.
    let charactersMin: Int
    /// The prefix is an address that may stay.
    let keepsPrefix: Bool
    /// The prefix begins words, too: `sk-learn`.
    let isAmbiguous: Bool

    init(_ prefix: String, _ characters: Characters = .token, _ charactersMin: Int = 16, keepsPrefix: Bool = false) {
      self.prefix = Array(prefix.utf8)
      self.characters = characters
      self.charactersMin = charactersMin
      self.keepsPrefix = keepsPrefix
      isAmbiguous =
        prefix.utf8.count < 4 || ["key-", "pypi-", "sess-", "xai-", "secret_", "dapi", "pul-", "fo1_", "ATBB"].contains(prefix)
    }

    func accepts(_ byte: UInt8) -> Bool {
      switch characters {
      case .token: TextScanner.isToken(byte)
      case .dotted: TextScanner.isToken(byte) || byte == 0x2E || byte == 0x3D
      case .alphanumeric: TextScanner.isAlphanumeric(byte)
      case .hexadecimal: TextScanner.isHexadecimal(byte)
      case .path: TextScanner.isToken(byte) || byte == 0x2F
      }
    }
  }

  /// By the first byte of the prefix, `A` first.
  private static let shapes: [[TokenShape]] = {
    var shapes = [
      // Version control, package registries, continuous integration.
      "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "gldt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-",
      "glsoat-",
      "GR1348941", "rubygems_", "dckr_pat_", "bkua_", "CCIPAT_", "sgp_", "ATATT3", "ATCTT3", "ATBB",
      // Clouds and their services.
      "AIza", "GOCSPX-", "dop_v1_", "doo_v1_", "dor_v1_", "HRKU-", "pscale_tkn_", "pscale_pw_", "sbp_", "nfp_", "fo1_", "tskey-",
      "CFPAT-", "amzn.mws.",
      // Payment, messages, mail.
      "rk_live_", "rk_test_", "whsec_", "xkeysib-", "sq0csp-", "sq0atp-", "shpat_", "shpca_", "shppa_", "shpss_", "sess-",
      // Models.
      "sk-", "gsk_", "pplx-", "xai-", "nvapi-", "r8_",
      // Observation and work.
      "glsa_", "sntrys_", "sntryu_", "NRAK-", "PMAK-", "lin_api_", "figd_", "ntn_", "AGE-SECRET-KEY-", "EAACEdEose0cBA",
    ].map { TokenShape($0) }
    shapes += ["sk_live_", "sk_test_", "xapp-"].map { TokenShape($0, .token, 10) }
    for letter in "abcdeoprs" { shapes.append(TokenShape("xox\(letter)-", .token, 10)) }
    shapes += ["glpat-", "glrt-", "hvs.", "hvb.", "hvr.", "SG.", "ya29.", "glc_", "dp.pt.", "dp.st.", "xoxe.xox"].map {
      TokenShape($0, .dotted)
    }
    shapes += [TokenShape("npm_", .alphanumeric, 20), TokenShape("hf_", .alphanumeric, 24), TokenShape("cio", .alphanumeric, 32)]
    shapes += [TokenShape("secret_", .alphanumeric, 32), TokenShape("pypi-", .token, 24), TokenShape("sk_", .hexadecimal, 32)]
    shapes += ["key-", "dapi", "SK", "pul-"].map { TokenShape($0, .hexadecimal, 32) }
    shapes += ["hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/"].map {
      TokenShape($0, .path, 10, keepsPrefix: true)
    }
    shapes += ["discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "hooks.zapier.com/hooks/catch/"].map {
      TokenShape($0, .path, 10, keepsPrefix: true)
    }
    return (65..<123).map { first in shapes.filter { $0.prefix[0] == UInt8(first) } }
  }()

  /// True for the two bytes that a prefix begins with: most words begin otherwise, and cost one look.
  private static let beginnings: [Bool] = {
    var table = [Bool](repeating: false, count: 1 << 16)
    for shape in shapes.joined() { table[Int(shape.prefix[0]) << 8 | Int(shape.prefix[1])] = true }
    return table
  }()

  /// A digit within so many characters tells a token from words.
  private static let digitWithin = 64

  /// - Parameter index: where a word begins with a letter.
  mutating func token(_ index: Int) -> Match? {
    let place = Int(text[index]) - 65
    guard place >= 0, place < TextScanner.shapes.count, index >= settled else { return nil }
    if TextScanner.beginnings[Int(text[index]) << 8 | Int(byte(index + 1))] {
      for shape in TextScanner.shapes[place] where hasPrefix(shape.prefix, at: index) {
        if let match = token(index, shape) { return match }
      }
    }
    switch text[index] {
    case ascii("e"): return webToken(index)
    case ascii("A"): return amazonKey(index)
    case ascii("B"), ascii("b"): return bearer(index) ?? basic(index)
    case ascii("P"): return puttyKey(index)
    default: return nil
    }
  }

  private func hasPrefix(_ prefix: [UInt8], at index: Int) -> Bool {
    guard index <= text.count - prefix.count else { return false }
    for offset in 1..<prefix.count where text[index + offset] != prefix[offset] { return false }
    return true
  }

  private mutating func token(_ index: Int, _ shape: TokenShape) -> Match? {
    let start = index + shape.prefix.count
    let head = end(from: start, within: max(TextScanner.digitWithin, shape.charactersMin), while: shape.accepts)
    guard head - start >= shape.charactersMin, !shape.isAmbiguous || isMixture(start..<head) else { return nil }
    var end = end(from: head, while: shape.accepts)
    // The full stop of a sentence.
    if text[end - 1] == 0x2E { end -= 1 }
    return Match(range: (shape.keepsPrefix ? start : index)..<end, kind: .apiKey)
  }

  /// Digits, letters of both cases, or one long word: no name with hyphens.
  private func isMixture(_ range: Range<Int>) -> Bool {
    let bytes = text[range]
    return bytes.contains(where: TextScanner.isDigit)
      || bytes.contains(where: TextScanner.isUpper) && bytes.contains(where: TextScanner.isLower)
      || range.count >= 20 && bytes.allSatisfy(TextScanner.isAlphanumeric)
  }

  /// `Bearer …` (RFC 6750), unless it is prose.
  private mutating func bearer(_ index: Int) -> Match? {
    guard hasWord("earer", at: index + 1), TextScanner.isSpace(byte(index + 6)) else { return nil }
    let start = end(from: index + 7, within: 8, while: TextScanner.isSpace)
    let head = end(from: start, within: TextScanner.digitWithin, while: TextScanner.isBearer)
    guard head - start >= 16, text[start..<head].contains(where: TextScanner.isDigit) else { return nil }
    return Match(range: start..<end(from: head, while: TextScanner.isBearer), kind: .bearer)
  }

  private static func isBearer(_ byte: UInt8) -> Bool {
    isToken(byte) || byte == 0x2E || byte == 0x7E || byte == 0x2B || byte == 0x2F || byte == 0x3D
  }

  /// `Basic …` (RFC 7617): base64 of `user:password`.
  private func basic(_ index: Int) -> Match? {
    guard hasWord("asic ", at: index + 1) else { return nil }
    let start = index + 6
    let end = end(from: start, within: 512) { TextScanner.isAlphanumeric($0) || $0 == 0x2B || $0 == 0x2F || $0 == 0x3D }
    guard end - start >= 8, holdsColon(start..<end) else { return nil }
    return Match(range: start..<end, kind: .secret)
  }

  /// Base64 of printable text with a colon.
  private func holdsColon(_ range: Range<Int>) -> Bool {
    var (bits, count, hasColon) = (UInt32(0), 0, false)
    for index in range {
      let byte = text[index]
      let value: UInt8
      switch byte {
      case 65...90: value = byte - 65
      case 97...122: value = byte - 71
      case 48...57: value = byte + 4
      case 0x2B: value = 62
      case 0x2F: value = 63
      default: return hasColon
      }
      bits = (bits << 6 | UInt32(value)) & 0xFFFF
      count += 6
      guard count >= 8 else { continue }
      count -= 8
      let decoded = UInt8(truncatingIfNeeded: bits >> UInt32(count))
      guard decoded >= 0x20, decoded != 0x7F else { return false }
      if decoded == 0x3A { hasColon = true }
    }
    return hasColon
  }

  /// `eyJ….….…`: base64 of `{"`, which every header begins with (RFC 7515).
  private mutating func webToken(_ index: Int) -> Match? {
    guard hasText("eyJ", at: index), byte(index - 1) != ascii("-") else { return nil }
    // A header is short; the payload may be long.
    let header = end(from: index, within: 1024, while: TextScanner.isToken)
    guard header - index >= 8, byte(header) == 0x2E else { return nil }
    let end = end(from: header) { TextScanner.isToken($0) || $0 == 0x2E }
    guard end - index >= 20 else { return nil }
    return Match(range: index..<end, kind: .jwt)
  }

  /// `AKIA…` and its relatives: four letters for the kind, then sixteen upper-case letters and digits.
  private func amazonKey(_ index: Int) -> Match? {
    guard
      hasText("AKIA", at: index) || hasText("ASIA", at: index) || hasText("AROA", at: index) || hasText("AIDA", at: index)
        || hasText("ABIA", at: index) || hasText("ACCA", at: index)
    else { return nil }
    let end = end(from: index, within: 21) { TextScanner.isDigit($0) || TextScanner.isUpper($0) }
    guard end - index == 20, !TextScanner.isWord(byte(end)) else { return nil }
    return Match(range: index..<end, kind: .awsKey)
  }

  // MARK: Private keys

  /// A private key in PEM (RFC 7468), of OpenPGP (RFC 9580 section 6.2) or of SSH (RFC 4716), to its end or to the end of the text.
  mutating func privateKey(_ index: Int) -> Match? {
    guard hasText("---- BEGIN ", at: index) || hasText("-----BEGIN ", at: index), index >= settled else { return nil }
    let label = index + 11
    let labelEnd = end(from: label, within: 64) { $0 != 0x2D && $0 != 0x0A }
    guard contains("PRIVATE KEY", in: label..<labelEnd) else { return nil }
    let isShort = text[index + 4] == 0x20
    var end = isShort ? find("---- END ", from: labelEnd) : find("-----END ", from: labelEnd)
    if end < text.count {
      end = self.end(from: end + 9, within: 64) { $0 != 0x2D }
      end = self.end(from: end, within: 5) { $0 == 0x2D }
    }
    return Match(range: index..<end, kind: .privateKey)
  }

  /// A key file of PuTTY, to its checksum or to the end of the text.
  private mutating func puttyKey(_ index: Int) -> Match? {
    guard hasText("PuTTY-User-Key-File-", at: index) else { return nil }
    var end = find("Private-MAC:", from: index)
    if end < text.count { end = self.end(from: end + 12, within: 128) { TextScanner.isAlphanumeric($0) || $0 == 0x20 } }
    return Match(range: index..<end, kind: .privateKey)
  }

  private func contains(_ expected: StaticString, in range: Range<Int>) -> Bool {
    guard range.count >= expected.utf8CodeUnitCount else { return false }
    return (range.lowerBound...range.upperBound - expected.utf8CodeUnitCount).contains { hasText(expected, at: $0) }
  }
}
