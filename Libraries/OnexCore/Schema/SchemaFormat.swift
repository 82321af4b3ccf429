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
  func cost(of text: String) -> Int {
    switch self {
    // Repetitions are written out, which makes a large program of a short text.
    case .regex: text.utf8.count + LinearPattern.sizeMax
    case .hostname, .idnHostname, .email, .idnEmail: text.utf8.count
    default: text.utf8.count / 16
    }
  }

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
        var rest = part
        while let byte = rest.popFirst() {
          if isLetterOrDigit(byte) || byte == UInt8(ascii: "_") { continue }
          guard byte == UInt8(ascii: "%"), let high = rest.popFirst(), let low = rest.popFirst(),
            URIReference.hexValue(high) != nil,
            URIReference.hexValue(low) != nil
          else { return false }
        }
        return !part.isEmpty
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
      return (isFutureAddress(literal) || SchemaFormat.isIPv6(literal)) && (port.isEmpty || isPort(port))
    }
    if let colon = host.lastIndex(of: UInt8(ascii: ":")) {
      guard isPort(host[colon...]) else { return false }
      host = host[..<colon]
    }
    return isMade(host, of: "!$&'()*+,;=")
  }

  /// `v`, hex digits, a point and characters of the version's own.
  private func isFutureAddress(_ literal: Substring.UTF8View) -> Bool {
    guard literal.first == UInt8(ascii: "v") || literal.first == UInt8(ascii: "V"),
      let point = literal.firstIndex(of: UInt8(ascii: "."))
    else { return false }
    let version = literal[..<point].dropFirst()
    let address = literal[literal.index(after: point)...]
    return !version.isEmpty && version.allSatisfy { URIReference.hexValue($0) != nil } && !address.isEmpty
      && !address.contains(UInt8(ascii: "%")) && URISyntax(isInternational: false).isMade(address, of: "!$&'()*+,;=:")
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

  /// `duration` of RFC 3339 appendix A: no fractions, and no unit left out between two others.
  mutating func duration() -> Bool {
    guard take("P") else { return false }
    guard let date = units("YMWD") else { return false }
    // Weeks are not mixed with other units.
    guard "YMD".contains(date) || (date == "W" && isAtEnd) else { return false }
    guard take("T") else { return !date.isEmpty }
    guard let time = units("HMS") else { return false }
    return !time.isEmpty && "HMS".contains(time)
  }

  /// Numbers with units, each of `allowed` at most once and in that order; `nil` when something else is there.
  private mutating func units(_ allowed: String) -> String? {
    var left = Array(allowed.unicodeScalars)
    var found = ""
    while digits() {
      guard let index = left.firstIndex(where: { bytes.first == UInt8(ascii: $0) }) else { return nil }
      found.unicodeScalars.append(left[index])
      left.removeFirst(index + 1)
      bytes.removeFirst()
    }
    return found
  }
}
