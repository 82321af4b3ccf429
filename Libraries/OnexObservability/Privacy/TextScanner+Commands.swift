/// Secrets on command lines: `--password x`, `curl -u user:x`, `mysql -px`.
extension TextScanner {
  /// A program that takes a secret with a short option, from its name to the end of the line or of the command.
  enum Command {
    /// `-u user:password`, `-U user:password`
    case curl
    /// `-ppassword`
    case mysql
    /// `-p password`
    case sshpass
    /// `docker login -p password`
    case login
    /// `-a password`
    case redis
    /// `-w password`
    case ldap
    /// `-u uid:gid`, which is no secret.
    case identity

    /// - Parameter index: where a word begins.
    init?(_ scanner: TextScanner, at index: Int) {
      func isNamed(_ name: StaticString, isPrefix: Bool = false) -> Bool {
        guard scanner.hasText(name, at: index) else { return false }
        let next = scanner.byte(index + name.utf8CodeUnitCount)
        return next == 0x20 || isPrefix && TextScanner.isLetter(next)
      }
      switch scanner.text[index] {
      case UInt8(ascii: "c") where isNamed("curl"): self = .curl
      case UInt8(ascii: "c") where isNamed("chown"): self = .identity
      case UInt8(ascii: "w") where isNamed("wget"): self = .curl
      case UInt8(ascii: "h") where isNamed("http") || isNamed("https"): self = .curl
      case UInt8(ascii: "m") where isNamed("mysql", isPrefix: true) || isNamed("mysql") || isNamed("mariadb", isPrefix: true):
        self = .mysql
      case UInt8(ascii: "m") where isNamed("mongo") || isNamed("mongosh") || isNamed("mongodump"): self = .sshpass
      case UInt8(ascii: "s") where isNamed("sshpass"): self = .sshpass
      case UInt8(ascii: "s") where isNamed("sudo"): self = .identity
      case UInt8(ascii: "d") where isNamed("docker"): self = .identity
      case UInt8(ascii: "p") where isNamed("podman"): self = .identity
      case UInt8(ascii: "k") where isNamed("kubectl"): self = .identity
      case UInt8(ascii: "l") where isNamed("login"): self = .login
      case UInt8(ascii: "l") where isNamed("ldap", isPrefix: true): self = .ldap
      case UInt8(ascii: "r") where isNamed("redis-cli"): self = .redis
      default: return nil
      }
    }
  }

  /// - Parameter index: of a `-`.
  mutating func option(_ index: Int) -> Match? {
    let before = byte(index - 1)
    guard index >= settled, index == 0 || !TextScanner.isWord(before) && before != 0x2D && before != 0x2E else { return nil }
    return byte(index + 1) == 0x2D || TextScanner.isLetter(byte(index + 2))
      ? longOption(index) ?? shortOption(index) : shortOption(index)
  }

  /// `--password x`, `-password x`, `--user user:x`. With `=` it is a name and its value.
  private mutating func longOption(_ index: Int) -> Match? {
    let start = byte(index + 1) == 0x2D ? index + 2 : index + 1
    let nameEnd = end(from: start, within: 48, while: TextScanner.isToken)
    guard nameEnd > start + 1, TextScanner.isBlank(byte(nameEnd)) || byte(nameEnd) == 0x3D, !hasText("no-", at: start) else {
      return nil
    }
    let name = text[start..<nameEnd]
    let value = end(from: nameEnd, within: 16, while: TextScanner.isBlank)
    let isUser = (["user", "proxy-user"] as [StaticString]).contains {
      $0.utf8CodeUnitCount == name.count && hasText($0, at: start)
    }
    if isUser { return userAndPassword(byte(nameEnd) == 0x3D ? nameEnd + 1 : value) }
    // `--password=x` is a name and its value.
    guard byte(nameEnd) != 0x3D else { return nil }
    guard let meaning = SecretName.meaning(name), meaning != .header else { return nil }
    return optionValue(value)
  }

  private mutating func shortOption(_ index: Int) -> Match? {
    let letter = byte(index + 1)
    let isApart = TextScanner.isBlank(byte(index + 2))
    let value = end(from: index + 2, within: 16, while: TextScanner.isBlank)
    switch (letter, command) {
    case (ascii("u"), .identity): return nil
    case (ascii("u"), .curl), (ascii("U"), .curl): return userAndPassword(value)
    case (ascii("u"), _): return isApart ? userAndPassword(value) : nil
    case (ascii("p"), .mysql): return isApart ? nil : optionValue(value)
    case (ascii("p"), .sshpass): return optionValue(value)
    case (ascii("p"), .login), (ascii("a"), .redis), (ascii("w"), .ldap): return isApart ? optionValue(value) : nil
    default: return nil
    }
  }

  private mutating func optionValue(_ start: Int) -> Match? {
    if let quoted = quoted(start) { return quoted }
    guard start < text.count, byte(start) != 0x2D, byte(start) != 0x3C, byte(start) != 0x7C, byte(start) != 0x5B, !isMarked(start)
    else {
      return nil
    }
    let head = end(from: start, within: 96, while: TextScanner.isArgument)
    guard head > start, !isNoSecret(start..<head, inProse: byte(start - 1) == 0x20 && !isCommandWord(start..<head)),
      !hasText("id=", at: start)
    else { return nil }
    return Match(range: start..<end(from: head, while: TextScanner.isArgument), kind: .secret)
  }

  /// `-p secret`: a word that is a password more often than a placeholder.
  private func isCommandWord(_ range: Range<Int>) -> Bool {
    (["secret", "password", "token", "value", "file"] as [StaticString]).contains {
      $0.utf8CodeUnitCount == range.count && hasWord($0, at: range.lowerBound)
    } && !text[range].allSatisfy(TextScanner.isUpper)
  }

  /// The password of `user:password`; two numbers are ids.
  private mutating func userAndPassword(_ start: Int) -> Match? {
    let quote = byte(start)
    let isQuoted = quote == 0x22 || quote == 0x27
    let user = isQuoted ? start + 1 : start
    let colon = end(from: user, within: 128) { TextScanner.isArgument($0) && $0 != 0x3A && $0 != 0x2F }
    guard colon > user, byte(colon) == 0x3A, !isMarked(colon + 1) else { return nil }
    let head = end(from: colon + 1, within: 96) { isQuoted ? $0 != quote && $0 != 0x0A : TextScanner.isArgument($0) }
    let password = colon + 1..<head
    guard !password.isEmpty, !isNoSecret(password, inProse: false), byte(colon + 1) != 0x2F else { return nil }
    if text[user..<colon].allSatisfy(TextScanner.isDigit), text[password].allSatisfy(TextScanner.isDigit) { return nil }
    let end = end(from: head) { isQuoted ? $0 != quote && $0 != 0x0A : TextScanner.isArgument($0) }
    return Match(range: colon + 1..<end, kind: .secret)
  }

  private static func isArgument(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x22, 0x27, 0x3B, 0x7C, 0x3E, 0x5C, 0x60: false
    default: true
    }
  }
}
