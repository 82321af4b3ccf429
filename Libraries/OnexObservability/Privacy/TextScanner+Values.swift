/// Values of names that say they are secret, in whatever notation: `password=x`, `"api_key": "x"`, `Authorization: Basic x`,
/// `\"token\":\"x\"`, `["Authorization", "x"]`, `<password>x</password>`, `https://user:x@host`.
extension TextScanner {
  // MARK: Names and values

  /// - Parameters:
  ///   - index: of the `:` or `=`.
  ///   - signBytes: 3 where it is written `%3D` or `%3A`.
  mutating func keyed(_ index: Int, signBytes: Int = 1) -> Match? {
    // `std::token` is a path of names.
    guard byte(index) != 0x3A || byte(index + 1) != 0x3A && byte(index - 1) != 0x3A, let name = name(before: index) else {
      return nil
    }
    guard let meaning = meaning(of: name) else { return pairedValue(name, index) }
    // `==`, `:=`, `=>`
    let afterSign = end(from: index + signBytes, within: 2) { $0 == 0x3D || $0 == 0x3E }
    var start = end(from: afterSign, within: 64) { TextScanner.isBlank($0) || $0 == 0x2A }
    // `input("Password: ")`: the next quote ends the text that the name is in.
    let opening = byte(name.lowerBound - 1)
    let value = end(from: start, within: 256, while: TextScanner.isSpace)
    let isEnclosed = opening == 0x22 || opening == 0x27
    if isEnclosed, byte(name.upperBound) != opening, byte(name.upperBound) != 0x5C, byte(value) == opening { return nil }
    if let quote = quoteBehindKind(value) { return quoted(quote) }
    if let found = quoted(value) ?? blockScalar(start, name) { return found }
    if byte(start) == 0x0A || byte(start) == 0x0D {
      start = end(from: start, within: 256, while: TextScanner.isSpace)
      guard isAloneOnItsLine(start) || meaning == .header && isScheme(start) else { return nil }
    }
    guard start < text.count, start >= settled, !isMarked(start),
      !(byte(name.lowerBound - 1) == 0x3A && byte(name.lowerBound - 2) == 0x3A)
    else { return nil }
    // `"tokens": {"in": 812}` counts; what else an object of several secrets holds is read on its own.
    if isEnclosed, byte(start) == 0x5B || byte(start) == 0x7B && meaning != .secrets { return structure(start, name) }
    let isAssignment = byte(index) == 0x3D || signBytes > 1
    if meaning == .header { return headerValue(start, name, isAssignment: isAssignment) }
    return bareValue(start, name, meaning, isAssignment: isAssignment)
  }

  /// The name that ends before `index`, quotes, brackets and spaces left out.
  private func name(before index: Int) -> Range<Int>? {
    var end = index
    let limit = max(settled, index - 16)
    while end > limit, TextScanner.isAroundName(text[end - 1]) { end -= 1 }
    guard end > settled else { return nil }
    let start = nameStart(before: end)
    return start < end ? start..<end : nil
  }

  private static func isAroundName(_ byte: UInt8) -> Bool {
    switch byte {
    // Spaces, quotes, `]` of a subscript, `*` of emphasis.
    case 0x20, 0x09, 0x0A, 0x0D, 0x22, 0x27, 0x5C, 0x5D, 0x2A, 0x60: true
    default: false
    }
  }

  /// The value in quotes at `start`, which may be escaped any number of times.
  mutating func quoted(_ start: Int) -> Match? {
    let slashes = end(from: start, within: 64) { $0 == 0x5C } - start
    let quote = byte(start + slashes)
    guard quote == 0x22 || quote == 0x27 || quote == 0x60 && slashes == 0 else { return nil }
    let content = start + slashes + 1
    guard content < text.count, content >= settled, !isMarked(content) else { return nil }
    let close = closing(quote, slashes, from: content)
    guard close > content, !isPlaceholder(content..<close) else { return nil }
    return Match(range: content..<close, kind: .secret)
  }

  /// Where a string ends whose quotes are escaped by so many backslashes: 0, 1, 3, 7 for documents within documents.
  ///
  /// A quote within the string has more of them, and that of the document around has fewer.
  private mutating func closing(_ quote: UInt8, _ slashes: Int, from start: Int) -> Int {
    var own = 0
    while own * 2 + 1 <= slashes { own = own * 2 + 1 }
    let period = (own + 1) * 2
    var run = 0
    var index = start
    while index < text.count {
      let byte = text[index]
      if byte == 0x5C {
        run += 1
      } else {
        // SQL writes a quote within a string twice.
        if byte == 0x27, quote == 0x27, slashes == 0, self.byte(index + 1) == 0x27, self.byte(index + 2) > 0x2C {
          index += 2
          continue
        }
        if byte == quote, run < own || run % period == own {
          lookedAhead &+= index - start
          return index - min(run, own)
        }
        run = 0
      }
      index += 1
    }
    lookedAhead &+= index - start
    return text.count
  }

  /// `"passwords": ["x", "y"]`, `"credentials": {…}`: everything up to the bracket that closes. A schema (`{"type": …`) and what holds
  /// no text stay.
  private mutating func structure(_ start: Int, _ name: Range<Int>) -> Match? {
    let slashes = end(from: name.upperBound, within: 64) { $0 == 0x5C } - name.upperBound
    let first = end(from: start + 1, within: 64) { TextScanner.isSpace($0) || $0 == 0x5C }
    guard byte(first) == 0x22 || byte(first) == 0x27 || byte(first) == 0x7B || byte(first) == 0x5B, !hasText("\"type", at: first)
    else {
      return nil
    }
    var (depth, run, index) = (0, 0, start)
    var isText = false
    while index < text.count {
      let byte = text[index]
      switch byte {
      case 0x22: if run <= slashes { isText.toggle() }
      case 0x5B, 0x7B: if !isText { depth += 1 }
      case 0x5D, 0x7D: if !isText { depth -= 1 }
      default: break
      }
      run = byte == 0x5C ? run + 1 : 0
      index += 1
      if depth == 0 { break }
    }
    lookedAhead &+= index - start
    return Match(range: start..<index, kind: .secret)
  }

  private mutating func bareValue(_ start: Int, _ name: Range<Int>, _ meaning: SecretName.Meaning, isAssignment: Bool) -> Match? {
    // A structure: what it holds is read on its own.
    guard byte(start) != 0x7B, byte(start) != 0x5B else { return nil }
    if let rest = behindVariable(start) { return rest }
    let head = end(from: start, within: 96, while: TextScanner.isBareValue)
    let value = start..<head
    guard !value.isEmpty, !isNoSecret(value, inProse: !isAssignment), !isOwnName(value, name) else { return nil }
    // `PWD=/home/ada`
    if byte(start) == 0x2F, hasWord("pwd", at: name.upperBound - 3) { return nil }
    switch meaning {
    case .secrets where text[value].allSatisfy({ !TextScanner.isLetter($0) }): return nil
    case .short where !isAssignment && !isSecretive(value) && !(value.count >= 9 && text[value].allSatisfy(TextScanner.isDigit)),
      .short where text[value].allSatisfy(TextScanner.isDigit) && name.count == 4:
      return nil
    case .secret where !isAssignment && isUnexpected(before: name): return nil
    default: break
    }
    let end = end(from: head, while: TextScanner.isBareValue)
    return Match(range: start..<(isAssignment ? joined(end) : end), kind: .secret)
  }

  /// `login(user=user, password=password)`: a variable of the same name.
  private func isOwnName(_ value: Range<Int>, _ name: Range<Int>) -> Bool {
    value.count <= name.count && (byte(value.upperBound) == 0x29 || byte(value.upperBound) == 0x2C)
      && text[value].elementsEqual(text[name.upperBound - value.count..<name.upperBound])
  }

  static func isBareValue(_ byte: UInt8) -> Bool {
    switch byte {
    // Spaces, and what ends a value in a list, a query or a document.
    case 0...0x20, 0x22, 0x26, 0x27, 0x29, 0x2C, 0x3B, 0x3C, 0x3E, 0x5C, 0x5D, 0x60, 0x7D: false
    default: true
    }
  }

  /// A value on the line after its name: nothing else is on that line.
  private func isAloneOnItsLine(_ start: Int) -> Bool {
    let end = end(from: start, within: 128) { TextScanner.isBareValue($0) && $0 != 0x3A && $0 != 0x3D }
    let rest = self.end(from: end, within: 16, while: TextScanner.isBlank)
    return end > start && (rest == text.count || text[rest] == 0x0A || text[rest] == 0x0D)
  }

  /// `unexpected token: else`
  private func isUnexpected(before name: Range<Int>) -> Bool {
    guard byte(name.lowerBound - 1) == 0x20 else { return false }
    let end = name.lowerBound - 1
    return (["unexpected", "expected", "next", "current", "last", "syntax"] as [StaticString]).contains {
      hasWord($0, at: end - $0.utf8CodeUnitCount)
    }
  }

  // MARK: Headers

  private static let schemes: [StaticString] = [
    "bearer", "basic", "digest", "token", "apikey", "negotiate", "ntlm", "hawk", "hoba", "mutual", "vapid", "oauth", "key",
    "gnap",
    "sharedkey", "sharedkeylite", "dpop", "concealed", "privatetoken", "aws4-hmac-sha256", "scram-sha-256", "scram-sha-1", "jwt",
    "aws",
    "sharedaccesssignature", "googlelogin", "snowflake",
  ]

  /// The rest of the line, where it looks like credentials or cookies and not like a sentence.
  private mutating func headerValue(_ start: Int, _ name: Range<Int>, isAssignment: Bool) -> Match? {
    let isCookie = byte(name.upperBound - 1) | 0x20 != 0x6E
    let head = end(from: start, within: 96) { !TextScanner.isSpace($0) && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C && $0 != 0x60 }
    let first = start..<head
    guard !first.isEmpty else { return nil }
    var next = start
    let isHeader: Bool
    if isCookie {
      let pair = end(from: start, within: 64) { TextScanner.isToken($0) || $0 == 0x2E }
      isHeader = byte(pair) == 0x3D && pair > start || isSecretive(first) && !isPlaceholder(first)
    } else if isScheme(start) {
      next = end(from: head, within: 8, while: TextScanner.isSpace)
      let credentials = next..<end(from: next, within: 96) { !TextScanner.isSpace($0) && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
      guard !credentials.isEmpty, !isMarked(next), !isPlaceholder(credentials) else { return nil }
      isHeader = isSecretive(credentials) || isLineEnd(credentials.upperBound) && !isPlainWord(credentials)
    } else {
      isHeader = (isSecretive(first) || isAssignment && !isPlainWord(first)) && !isPlaceholder(first) && !isCode(first)
    }
    guard isHeader else { return nil }
    return Match(range: start..<lineEnd(next, enclosing: byte(name.lowerBound - 1)), kind: .secret)
  }

  /// The word at `start` is the name of a scheme (RFC 9110 section 11.1).
  private func isScheme(_ start: Int) -> Bool {
    let end = end(from: start, within: 32, while: TextScanner.isToken)
    return TextScanner.schemes.contains { $0.utf8CodeUnitCount == end - start && hasWord($0, at: start) }
  }

  private func isLineEnd(_ index: Int) -> Bool {
    switch byte(index) {
    case 0, 0x0A, 0x0D, 0x22, 0x27, 0x5C, 0x60: true
    default: false
    }
  }

  /// The end of the line, or the quote that ends the text around. Quotes of parameters (`realm="x"`) belong to the line.
  private mutating func lineEnd(_ start: Int, enclosing: UInt8) -> Int {
    var index = start
    var isWithin = false
    while index < text.count {
      let byte = text[index]
      if byte == 0x0A || byte == 0x0D || byte == 0x5C { break }
      if byte == 0x22 || byte == 0x27 {
        guard isWithin || (byte == 0x22 && byte != enclosing && text[index - 1] == 0x3D) else { break }
        if byte == 0x22 { isWithin.toggle() }
      }
      index += 1
    }
    lookedAhead &+= index - start
    return index
  }

  // MARK: Pairs

  private static let valueNames: [StaticString] = ["value", "val", "default", "content"]
  private static let nameNames: [StaticString] = ["name", "key", "header", "variable", "field", "env", "parameter", "id"]

  /// `{"name": "DB_PASSWORD", "value": "x"}`, `key="Password" value="x"`: the value after the name of a secret.
  private mutating func pairedValue(_ name: Range<Int>, _ index: Int) -> Match? {
    guard TextScanner.valueNames.contains(where: { $0.utf8CodeUnitCount == name.count && hasWord($0, at: name.lowerBound) })
    else {
      return nil
    }
    // Back over `", "` to the text before, over that to its quote, and over `": "` to what it is called.
    if let match = valueBeforeName(index) { return match }
    var end = back(from: name.lowerBound, within: 48) { !TextScanner.isToken($0) }
    let secret = back(from: end, within: SecretName.bytesMax) { TextScanner.isToken($0) || $0 == 0x2E }
    guard secret < end, SecretName.meaning(text[secret..<end]) != nil else { return nil }
    end = back(from: secret, within: 24) { !TextScanner.isToken($0) }
    guard
      TextScanner.nameNames.contains(where: {
        hasWord($0, at: end - $0.utf8CodeUnitCount) && !TextScanner.isLetter(byte(end - $0.utf8CodeUnitCount - 1))
      })
    else { return nil }
    let start = self.end(from: index + 1, within: 64, while: TextScanner.isSpace)
    if let quoted = quoted(start) { return quoted }
    guard byte(start) != 0x7B, byte(start) != 0x5B, !isMarked(start) else { return nil }
    let head = self.end(from: start, within: 96, while: TextScanner.isBareValue)
    guard head > start, !isPlainWord(start..<head), !isPlaceholder(start..<head) else { return nil }
    return Match(range: start..<self.end(from: head, while: TextScanner.isBareValue), kind: .secret)
  }

  /// `"value": "x", "name": "DB_PASSWORD"`; the value has 256 bytes at most.
  private func valueBeforeName(_ index: Int) -> Match? {
    let open = end(from: index + 1, within: 16) { TextScanner.isSpace($0) || $0 == 0x5C }
    let quote = byte(open)
    guard quote == 0x22 || quote == 0x27 else { return nil }
    let close = end(from: open + 1, within: 256) { $0 != quote && $0 != 0x5C }
    let next = end(from: close, within: 24) { !TextScanner.isWord($0) && $0 != 0x7D && $0 != 0x5D }
    guard close > open + 1, byte(close) == quote || byte(close) == 0x5C, text[close..<next].contains(0x2C), !isMarked(open + 1)
    else {
      return nil
    }
    let nameEnd = end(from: next, within: 12, while: TextScanner.isToken)
    guard TextScanner.nameNames.contains(where: { $0.utf8CodeUnitCount == nameEnd - next && hasWord($0, at: next) }) else {
      return nil
    }
    let secret = end(from: nameEnd, within: 16) { !TextScanner.isToken($0) && $0 != 0x7D && $0 != 0x2C }
    let secretEnd = end(from: secret, within: SecretName.bytesMax) { TextScanner.isToken($0) || $0 == 0x2E }
    guard secretEnd > secret, SecretName.meaning(text[secret..<secretEnd]) != nil, !isPlaceholder(open + 1..<close) else {
      return nil
    }
    return Match(range: open + 1..<close, kind: .secret)
  }

  private func back(from index: Int, within limit: Int, while accepts: (UInt8) -> Bool) -> Int {
    var start = index
    let first = max(settled, index - limit)
    while start > first, accepts(text[start - 1]) { start -= 1 }
    return start
  }

  /// `["Authorization", "x"]`, `setHeader("Authorization", "x")`, `--password,x`: the second of two.
  ///
  /// - Parameter index: of the `,`.
  mutating func pair(_ index: Int) -> Match? {
    guard index > settled, byte(index - 1) == 0x22 || byte(index - 1) == 0x27 else { return nil }
    let nameEnd = back(from: index, within: 8) { $0 == 0x22 || $0 == 0x27 || $0 == 0x5C }
    let nameStart = back(from: nameEnd, within: SecretName.bytesMax) { TextScanner.isToken($0) || $0 == 0x2E }
    guard nameStart < nameEnd, SecretName.meaning(text[nameStart..<nameEnd]) != nil else { return nil }
    let isOption = byte(nameStart) == 0x2D && byte(nameStart + 1) == 0x2D
    let open = back(from: nameStart, within: 8) { $0 == 0x22 || $0 == 0x27 || $0 == 0x5C || TextScanner.isSpace($0) }
    guard isOption || byte(open - 1) == 0x5B || byte(open - 1) == 0x28 else { return nil }
    guard let match = quoted(end(from: index + 1, within: 64, while: TextScanner.isSpace)) else { return nil }
    // `["password", "email"]` is a list of names, `[["password", "x"]]` one of pairs.
    let isNested = byte(open - 1) == 0x5B && (byte(open - 2) == 0x5B || byte(open - 2) == 0x2C)
    let isWord = match.range.count <= 24 && text[match.range].allSatisfy { TextScanner.isLower($0) || $0 == 0x5F }
    return isWord && !isNested && SecretName.meaning(text[nameStart..<nameEnd]) != .header ? nil : match
  }

  /// `<password>x</password>`.
  ///
  /// - Parameter index: of the `>`.
  mutating func element(_ index: Int) -> Match? {
    let start = back(from: index, within: SecretName.bytesMax) { TextScanner.isToken($0) || $0 == 0x2E || $0 == 0x3A }
    guard start < index, byte(start - 1) == 0x3C, let meaning = SecretName.meaning(text[start..<index]), meaning != .header else {
      return nil
    }
    let content = index + 1
    if let data = characterData(content) { return data }
    guard content < text.count, byte(content) != 0x3C, !isMarked(content) else { return nil }
    let end = end(from: content) { $0 != 0x3C && $0 != 0x0A }
    let value = content..<end
    guard byte(end) == 0x3C, byte(end + 1) == 0x2F, !value.isEmpty, !isPlaceholder(value), !isPlainWord(value) else { return nil }
    return Match(range: value, kind: .secret)
  }

  /// `PASSWORD 'x'`, `IDENTIFIED BY 'x'`, as SQL has it.
  ///
  /// - Parameter index: of the quote.
  mutating func quotedAfterName(_ index: Int) -> Match? {
    guard index > settled, TextScanner.isBlank(byte(index - 1)) else { return nil }
    let end = back(from: index, within: 4, while: TextScanner.isBlank)
    guard
      hasWord("password", at: end - 8) && !TextScanner.isLetter(byte(end - 9)) || hasWord("passwd", at: end - 6)
        || hasWord("passphrase", at: end - 10) || hasWord("identified by", at: end - 13)
    else { return nil }
    return quoted(index)
  }

  /// `login ada password x` of a netrc file, `the password is hunter2`.
  ///
  /// - Parameter index: where a word begins with a letter.
  mutating func spoken(_ index: Int) -> Match? {
    guard text[index] | 0x20 == 0x70 || text[index] | 0x20 == 0x74 || text[index] | 0x20 == 0x73 else { return nil }
    let nameEnd = end(from: index, within: 24, while: TextScanner.isToken)
    guard byte(nameEnd) == 0x20, SecretName.meaning(text[index..<nameEnd]) == .secret else { return nil }
    var start = nameEnd + 1
    if hasWord("is ", at: start) || hasWord("was ", at: start) {
      start = end(from: start, within: 4) { $0 != 0x20 } + 1
      let head = end(from: start, within: 96, while: TextScanner.isBareValue)
      guard head - start >= 6, isSecretive(start..<head), text[start..<head].contains(where: TextScanner.isDigit),
        !isMarked(start),
        !isNoSecret(start..<head, inProse: true)
      else { return nil }
    } else {
      let user = back(from: index - 1, within: 64) { $0 > 0x20 }
      guard byte(index - 1) == 0x20, user < index - 1, hasWord("login ", at: user - 6), start < text.count, !isMarked(start)
      else {
        return nil
      }
    }
    let end = end(from: start, while: TextScanner.isBareValue)
    return end > start ? Match(range: start..<end, kind: .secret) : nil
  }

  // MARK: Addresses

  /// The password in `scheme://user:password@host` (RFC 3986 section 3.2.1). One that holds `@`, `/`, `?` or `#` unescaped is
  /// recognised too: the host follows the last `@` that can be meant.
  ///
  /// - Parameter index: of the `:` after the scheme.
  mutating func userInformation(_ index: Int) -> Match? {
    guard byte(index + 1) == 0x2F, byte(index + 2) == 0x2F, index + 3 >= settled else { return nil }
    let start = index + 3
    guard byte(start) != 0x5B else { return nil }
    let colon = end(from: start, within: 256) {
      TextScanner.isAddress($0) && $0 != 0x3A && $0 != 0x2F && $0 != 0x3F && $0 != 0x23 && $0 != 0x40
    }
    if byte(colon) == 0x40 { return tokenAsUser(start..<colon) }
    guard byte(colon) == 0x3A else { return nil }
    let password = colon + 1
    // A port: `host:8080/path@x`.
    let port = end(from: password, within: 6, while: TextScanner.isDigit)
    if port > password, port - password <= 5,
      !TextScanner.isAddress(byte(port)) || byte(port) == 0x2F || byte(port) == 0x3F || byte(port) == 0x23 || byte(port) == 0x2C
    {
      return nil
    }
    var at = nextAt(from: password)
    guard byte(at) == 0x40, at > password, !isMarked(password), !isPlaceholder(password..<at) else { return nil }
    // Up to the path another `@` belongs to the password.
    while true {
      let host = end(from: at + 1, within: 256) {
        TextScanner.isAddress($0) && $0 != 0x40 && $0 != 0x2F && $0 != 0x3F && $0 != 0x23
      }
      if byte(host) == 0x40 {
        at = host
        continue
      }
      // A host has a dot or a port; what has none may be a piece of the password.
      let isHost = text[at + 1..<host].contains { $0 == 0x2E || $0 == 0x3A } || hasText("localhost", at: at + 1)
      guard !isHost, TextScanner.isAddress(byte(host)) else { break }
      let later = end(from: host, within: 256) { TextScanner.isAddress($0) && $0 != 0x40 }
      guard byte(later) == 0x40 else { break }
      at = later
    }
    lookedAhead &+= at - password
    return Match(range: password..<at, kind: .secret)
  }

  /// `https://token@host`: a long user with digits and no dot is a key.
  private func tokenAsUser(_ user: Range<Int>) -> Match? {
    guard user.count >= 20, !isMarked(user.lowerBound), text[user].allSatisfy(TextScanner.isToken),
      text[user].contains(where: TextScanner.isDigit)
    else { return nil }
    return Match(range: user, kind: .secret)
  }

  private static func isAddress(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x22, 0x27, 0x3C, 0x3E, 0x5C, 0x60, 0x7F: false
    default: true
    }
  }

  /// The next `@` of the address, or its end. What was read once is not read again.
  private mutating func nextAt(from start: Int) -> Int {
    if nextAt.start <= start, start <= nextAt.place { return nextAt.place }
    let place = end(from: start) { TextScanner.isAddress($0) && $0 != 0x40 }
    nextAt = (start, place)
    return place
  }
}
