/// The values of `format` that are checked (validation section 7.3, and the integers of the OpenAPI format registry).
enum SchemaFormat: String, Sendable, CaseIterable {
  case date, time
  case dateTime = "date-time"
  case duration
  case email
  case idnEmail = "idn-email"
  case hostname
  case idnHostname = "idn-hostname"
  case ipv4, ipv6
  case uri
  case uriReference = "uri-reference"
  case iri
  case iriReference = "iri-reference"
  case uriTemplate = "uri-template"
  case uuid
  case jsonPointer = "json-pointer"
  case relativeJSONPointer = "relative-json-pointer"
  case regex
  case int32, int64

  /// Formats that generators write and that only describe. They are listed because some are one letter away from a format that is
  /// checked.
  static let described: Set<String> = [
    "binary", "byte", "base64", "base64url", "cidrv4", "cidrv6", "cuid", "cuid2", "decimal", "double", "float", "guid",
    "int8", "int16", "uint8", "uint16", "uint32", "uint64", "ipv4network", "ipv6network", "ipv4interface", "ipv6interface",
    "ipv4-network",
    "ipv6-network", "ipvanyaddress", "jwt", "ksuid", "mac", "nanoid", "password", "ulid", "url", "xid",
  ]

  /// The format with this name; pydantic writes the version behind `uuid`.
  static func named(_ name: String) -> SchemaFormat? {
    switch name {
    case "uuid1", "uuid3", "uuid4", "uuid5", "uuid6", "uuid7", "uuid8": .uuid
    default: SchemaFormat(rawValue: name)
    }
  }

  var isNumeric: Bool { self == .int32 || self == .int64 }

  /// Reads after "must be".
  var meaning: String {
    switch self {
    case .date: "a date such as 2026-11-21 (RFC 3339)"
    case .time: "a time with an offset such as 03:48:54Z (RFC 3339)"
    case .dateTime: "a date and time such as 2026-11-21T03:48:54Z (RFC 3339)"
    case .duration: "a duration such as P3DT4H (RFC 3339 appendix A)"
    case .email: "an e-mail address such as name@example.com (RFC 5321)"
    case .idnEmail: "an e-mail address such as name@example.com (RFC 6531)"
    case .hostname: "a host name such as www.example.com (RFC 1123)"
    case .idnHostname: "a host name such as www.example.com (RFC 5890)"
    case .ipv4: "an IPv4 address such as 192.0.2.1"
    case .ipv6: "an IPv6 address such as 2001:db8::1 (RFC 4291)"
    case .uri: "a URI such as https://example.com/a (RFC 3986)"
    case .uriReference: "a URI or a relative reference such as /a?b (RFC 3986)"
    case .iri: "an IRI such as https://example.com/a (RFC 3987)"
    case .iriReference: "an IRI or a relative reference such as /a?b (RFC 3987)"
    case .uriTemplate: "a URI template such as /a/{name} (RFC 6570)"
    case .uuid: "a UUID of 36 characters (RFC 9562)"
    case .jsonPointer: "a JSON Pointer such as /a/0 (RFC 6901)"
    case .relativeJSONPointer: "a relative JSON Pointer such as 1/a"
    case .regex: "a regular expression (ECMA-262) that can be matched in linear time"
    case .int32: "an integer of 32 bits"
    case .int64: "an integer of 64 bits"
    }
  }

  /// Steps of a check.
  func cost(of text: String) -> Int { self == .regex ? text.utf8.count + 100 : text.utf8.count / 16 }

  func isMatched(by number: JSONNumber) -> Bool {
    switch self {
    case .int32: number.integer.flatMap { Int32(exactly: $0) } != nil
    case .int64: number.integer != nil
    default: true
    }
  }

  func isMatched(by text: String) -> Bool {
    switch self {
    case .date: matches(text) { $0.date() }
    case .time: matches(text) { $0.time() }
    case .dateTime: matches(text) { $0.date() && $0.take("T", "t", " ") && $0.time() }
    case .duration: matches(text) { $0.duration() }
    case .email: SchemaFormat.isEmail(text, isInternational: false)
    case .idnEmail: SchemaFormat.isEmail(text, isInternational: true)
    case .hostname: SchemaFormat.isHostname(text[...])
    case .idnHostname: SchemaFormat.isInternationalHostname(text)
    case .ipv4: SchemaFormat.isIPv4(text.utf8[...])
    case .ipv6: SchemaFormat.isIPv6(text.utf8[...])
    case .uri: URISyntax(isInternational: false).isMatched(by: text, needsScheme: true)
    case .uriReference: URISyntax(isInternational: false).isMatched(by: text, needsScheme: false)
    case .iri: URISyntax(isInternational: true).isMatched(by: text, needsScheme: true)
    case .iriReference: URISyntax(isInternational: true).isMatched(by: text, needsScheme: false)
    case .uriTemplate: SchemaFormat.isURITemplate(text)
    case .uuid: RawUUID(text) != nil
    case .jsonPointer: JSONPointer(text) != nil
    case .relativeJSONPointer: SchemaFormat.isRelativePointer(text)
    case .regex: (try? LinearPattern(text)) != nil
    case .int32, .int64: true
    }
  }

  private func matches(_ text: String, _ read: (inout FormatCursor) -> Bool) -> Bool {
    var cursor = FormatCursor(text)
    return read(&cursor) && cursor.isAtEnd
  }
}

// MARK: Names and addresses

extension SchemaFormat {
  /// `Mailbox` of RFC 5321 section 4.1.2; international: with UTF-8 as RFC 6531 section 3.3 adds it.
  fileprivate static func isEmail(_ text: String, isInternational: Bool) -> Bool {
    // A quoted local part may hold "@".
    guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return false }
    let local = text.utf8[..<at]
    let domain = text[text.utf8.index(after: at)...]
    guard !local.isEmpty, local.count <= 64, isLocalPart(local, isInternational) else { return false }
    guard domain.utf8.first == UInt8(ascii: "["), domain.utf8.last == UInt8(ascii: "]") else {
      return isInternational ? isInternationalHostname(String(domain)) : isHostname(domain)
    }
    let literal = domain.utf8.dropFirst().dropLast()
    return literal.starts(with: "IPv6:".utf8) ? isIPv6(literal.dropFirst(5)) : isIPv4(literal)
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

  /// RFC 1123 section 2.1: labels of 1 to 63 letters, digits and hyphens, at most 253 characters. Hyphens at the third and fourth place
  /// are kept for encoded names (RFC 5891 section 4.2.3.1).
  fileprivate static func isHostname(_ text: Substring) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
      guard (1...63).contains(label.count), label.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }) else {
        return false
      }
      let hasHyphens = label.count >= 4 && label.dropFirst(2).starts(with: "--".utf8)
      let isEncoded = label.count > 4 && (label.starts(with: "xn".utf8) || label.starts(with: "XN".utf8))
      return label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-") && (!hasHyphens || isEncoded)
    }
  }

  /// Labels of letters, marks and digits of any script (RFC 5890 section 2.3.2.3). Rules of single scripts are not checked.
  fileprivate static func isInternationalHostname(_ text: String) -> Bool {
    let separators: Set<Unicode.Scalar> = [".", "\u{3002}", "\u{FF0E}", "\u{FF61}"]
    guard text.utf8.count <= 1012 else { return false }
    return text.unicodeScalars.split(maxSplits: 253, omittingEmptySubsequences: false) { separators.contains($0) }.allSatisfy {
      label in
      guard let first = label.first, let last = label.last, label.count <= 63 else { return false }
      guard label.contains(where: { !$0.isASCII }) else { return isHostname(Substring(label)) }
      let hasHyphens = label.count >= 4 && label.dropFirst(2).starts(with: ["-", "-"])
      return first != "-" && last != "-" && !hasHyphens && !isMark(first) && label.allSatisfy { isInLabel($0) }
    }
  }

  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: true
    default: false
    }
  }

  private static func isInLabel(_ scalar: Unicode.Scalar) -> Bool {
    // Joiners and punctuation that RFC 5892 allows beside letters.
    if scalar == "-" || [0xB7, 0x375, 0x5F3, 0x5F4, 0x200C, 0x200D, 0x30FB].contains(scalar.value) { return true }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: return true
    default: return isMark(scalar)
    }
  }

  fileprivate static func isIPv4(_ text: Substring.UTF8View) -> Bool {
    let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 4, omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        (1...3).contains(part.count) && part.allSatisfy { (48...57).contains($0) } && (part.count == 1 || part.first != 48)
          && part.reduce(0) { $0 * 10 + Int($1 - 48) } <= 255
      }
  }

  /// RFC 4291 section 2.2, without a zone.
  fileprivate static func isIPv6(_ text: Substring.UTF8View) -> Bool {
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

  fileprivate static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: false
    }
  }
}

// MARK: Pointers and templates

extension SchemaFormat {
  /// draft-bhutton-relative-json-pointer-00: levels, an optional shift of the index, then `#` or a pointer.
  fileprivate static func isRelativePointer(_ text: String) -> Bool {
    var cursor = FormatCursor(text)
    guard cursor.count() else { return false }
    if cursor.take("+", "-"), !cursor.count() { return false }
    let rest = cursor.rest
    return rest == "#" || JSONPointer(rest) != nil
  }

  /// RFC 6570 section 2.
  fileprivate static func isURITemplate(_ text: String) -> Bool {
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "{"):
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")), isExpression(rest[..<end]) else { return false }
        rest = rest[rest.index(after: end)...]
      case UInt8(ascii: "%"):
        guard rest.prefix(2).count == 2, rest.prefix(2).allSatisfy({ URIReference.hexValue($0) != nil }) else { return false }
      case 0...32, 127, UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"), UInt8(ascii: "^"),
        UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "}"):
        return false
      default: break
      }
    }
    return true
  }

  private static func isExpression(_ text: Substring.UTF8View) -> Bool {
    var text = text
    if let first = text.first, "+#./;?&=,!@|".utf8.contains(first) { text.removeFirst() }
    return text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).allSatisfy { variable in
      var name = variable
      if name.last == UInt8(ascii: "*") {
        name.removeLast()
      } else if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
        let length = name[name.index(after: colon)...]
        guard (1...4).contains(length.count), length.allSatisfy({ (48...57).contains($0) }), length.first != 48 else {
          return false
        }
        name = name[..<colon]
      }
      let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      return parts.allSatisfy { part in
        !part.isEmpty && part.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "%") }
      }
    }
  }
}

// MARK: URIs

/// The grammar of RFC 3986 appendix A, and of RFC 3987 section 2.2 with characters beyond ASCII.
private struct URISyntax {
  let isInternational: Bool

  func isMatched(by text: String, needsScheme: Bool) -> Bool {
    let uri = URIReference(text)
    if let authority = uri.authority, !isAuthority(authority) { return false }
    // Without a scheme the first segment must not look like one.
    if uri.scheme == nil, needsScheme || (uri.authority == nil && firstSegment(uri.path).contains(UInt8(ascii: ":"))) {
      return false
    }
    return isMade(uri.path.utf8[...], of: "!$&'()*+,;=:@/") && isMade((uri.query ?? "").utf8[...], of: "!$&'()*+,;=:@/?")
      && isMade((uri.fragment ?? "").utf8[...], of: "!$&'()*+,;=:@/?")
  }

  private func firstSegment(_ path: String) -> Substring.UTF8View { path.utf8.prefix { $0 != UInt8(ascii: "/") } }

  private func isAuthority(_ authority: String) -> Bool {
    var host = authority.utf8[...]
    if let at = host.firstIndex(of: UInt8(ascii: "@")) {
      guard isMade(host[..<at], of: "!$&'()*+,;=:") else { return false }
      host = host[host.index(after: at)...]
    }
    if host.first == UInt8(ascii: "[") {
      guard let end = host.lastIndex(of: UInt8(ascii: "]")) else { return false }
      let literal = host[host.index(after: host.startIndex)..<end]
      let port = host[host.index(after: end)...]
      let isFuture = literal.first == UInt8(ascii: "v") && isMade(literal, of: "!$&'()*+,;=:") && literal.count >= 4
      return (isFuture || SchemaFormat.isIPv6(literal)) && (port.isEmpty || isPort(port))
    }
    if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
      guard isPort(host[colon...]) else { return false }
      host = host[..<colon]
    }
    return isMade(host, of: "!$&'()*+,;=")
  }

  private func isPort(_ text: Substring.UTF8View) -> Bool {
    text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy { (48...57).contains($0) }
  }

  /// Unreserved characters, percent-encodings and `others`.
  private func isMade(_ text: Substring.UTF8View, of others: StaticString) -> Bool {
    let allowed = UnsafeBufferPointer(start: others.utf8Start, count: others.utf8CodeUnitCount)
    var rest = text
    while let byte = rest.popFirst() {
      if SchemaFormat.isLetterOrDigit(byte) || "-._~".utf8.contains(byte) || allowed.contains(byte) { continue }
      if byte >= 128, isInternational { continue }
      guard byte == UInt8(ascii: "%"), let high = rest.popFirst(), let low = rest.popFirst(), URIReference.hexValue(high) != nil,
        URIReference.hexValue(low) != nil
      else { return false }
    }
    return true
  }
}

// MARK: Dates and times

/// Reads fixed-width and counted decimal fields of a format.
private struct FormatCursor {
  private var bytes: Substring.UTF8View

  init(_ text: String) { bytes = text.utf8[...] }

  var isAtEnd: Bool { bytes.isEmpty }

  var rest: String { String(Substring(bytes)) }

  mutating func take(_ expected: Unicode.Scalar...) -> Bool {
    guard let byte = bytes.first, expected.contains(where: { UInt8(ascii: $0) == byte }) else { return false }
    bytes.removeFirst()
    return true
  }

  private mutating func digit() -> Int? {
    guard let byte = bytes.first, (48...57).contains(byte) else { return nil }
    bytes.removeFirst()
    return Int(byte - 48)
  }

  private mutating func two() -> Int? {
    guard let tens = digit(), let units = digit() else { return nil }
    return tens * 10 + units
  }

  private mutating func digits() -> Bool {
    guard digit() != nil else { return false }
    while digit() != nil {}
    return true
  }

  /// 0, or digits that begin with another.
  mutating func count() -> Bool {
    guard let first = digit() else { return false }
    if first != 0 { while digit() != nil {} }
    return true
  }

  /// `full-date` of RFC 3339 section 5.6.
  mutating func date() -> Bool {
    guard let century = two(), let yearOfCentury = two(), take("-"), let month = two(), take("-"), let day = two(),
      (1...12).contains(month)
    else { return false }
    let year = century * 100 + yearOfCentury
    let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    return (1...[31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]).contains(day)
  }

  /// `full-time` of RFC 3339 section 5.6. The second 60 exists only at the end of a day in UTC.
  mutating func time() -> Bool {
    guard let hour = two(), take(":"), let minute = two(), take(":"), let second = two(), hour < 24, minute < 60, second <= 60
    else {
      return false
    }
    if take("."), !digits() { return false }
    var offset = 0
    if !take("Z", "z") {
      let sign = take("+") ? 1 : take("-") ? -1 : 0
      guard sign != 0, let hours = two(), take(":"), let minutes = two(), hours < 24, minutes < 60 else { return false }
      offset = sign * (hours * 60 + minutes)
    }
    return second < 60 || (hour * 60 + minute - offset + 2880) % 1440 == 1439
  }

  /// RFC 3339 appendix A. Units may be left out between others and seconds may have a fraction (`PT1H0.5S`), as programs write them.
  mutating func duration() -> Bool {
    guard take("P") else { return false }
    var fields = units("YMWD")
    // Weeks are not mixed with other units.
    guard let date = fields, !date.contains("W") || (date == "W" && isAtEnd) else { return false }
    guard take("T") else { return !date.isEmpty }
    fields = units("HMS")
    return fields.map { !$0.isEmpty } ?? false
  }

  /// Numbers with units, each of `allowed` at most once and in that order; `nil` when something else is there.
  private mutating func units(_ allowed: String) -> String? {
    var left = Array(allowed.unicodeScalars)
    var found = ""
    while digits() {
      let isFraction = take(".")
      if isFraction, !digits() { return nil }
      guard let index = left.firstIndex(where: { bytes.first == UInt8(ascii: $0) }), !isFraction || left[index] == "S" else {
        return nil
      }
      found.unicodeScalars.append(left[index])
      left.removeFirst(index + 1)
      bytes.removeFirst()
    }
    return found
  }
}
