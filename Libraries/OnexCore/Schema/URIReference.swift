/// A URI or relative reference in its five parts (RFC 3986 section 3), by which `$id` and `$ref` name schemas.
struct URIReference: Sendable, Hashable, CustomStringConvertible {
  var scheme: String?
  var authority: String?
  var path: String
  var query: String?
  /// Still percent-encoded.
  var fragment: String?

  /// Splits any text; does not check which characters are allowed.
  init(_ text: String) {
    var rest = Substring(text)
    func cut(at separator: Character) -> String? {
      guard let index = rest.utf8.firstIndex(of: separator.asciiValue ?? 0) else { return nil }
      let tail = String(rest[rest.utf8.index(after: index)...])
      rest = rest[..<index]
      return tail
    }
    fragment = cut(at: "#")
    query = cut(at: "?")
    scheme = URIReference.scheme(of: rest)
    if let scheme { rest = rest[rest.utf8.index(rest.startIndex, offsetBy: scheme.utf8.count + 1)...] }
    if rest.utf8.starts(with: "//".utf8) {
      let start = rest.utf8.index(rest.startIndex, offsetBy: 2)
      let end = rest.utf8[start...].firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
      authority = String(rest[start..<end])
      rest = rest[end...]
    }
    path = String(rest)
  }

  /// `self` as a reference that stands where `base` is the base (section 5.2.2).
  func resolved(against base: URIReference) -> URIReference {
    var target = self
    guard scheme == nil else {
      target.path = URIReference.withoutDotSegments(path)
      return target
    }
    target.scheme = base.scheme
    guard authority == nil else {
      target.path = URIReference.withoutDotSegments(path)
      return target
    }
    target.authority = base.authority
    if path.isEmpty {
      target.path = base.path
      if query == nil { target.query = base.query }
    } else if path.utf8.first == UInt8(ascii: "/") {
      target.path = URIReference.withoutDotSegments(path)
    } else {
      target.path = URIReference.withoutDotSegments(base.merged(with: path))
    }
    return target
  }

  /// The URI of the whole resource.
  var withoutFragment: URIReference {
    var whole = self
    whole.fragment = nil
    return whole
  }

  var description: String {
    (scheme.map { $0 + ":" } ?? "") + (authority.map { "//" + $0 } ?? "") + path + (query.map { "?" + $0 } ?? "")
      + (fragment.map { "#" + $0 } ?? "")
  }

  /// The fragment with its percent-encodings replaced; `nil` when they are malformed or not UTF-8.
  var decodedFragment: String? {
    guard let fragment else { return "" }
    var decoded: [UInt8] = []
    let bytes = Array(fragment.utf8)
    var position = 0
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "%") {
        guard position + 2 < bytes.count, let high = URIReference.hexValue(bytes[position + 1]),
          let low = URIReference.hexValue(bytes[position + 2])
        else { return nil }
        decoded.append(high << 4 | low)
        position += 3
      } else {
        decoded.append(bytes[position])
        position += 1
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }

  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }

  private static func scheme(of text: Substring) -> String? {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let first = text.utf8.first else { return nil }
    let scheme = text[..<colon]
    let isScheme = scheme.utf8.allSatisfy { byte in
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
      default: false
      }
    }
    let isLetter = (65...90).contains(first) || (97...122).contains(first)
    return isScheme && isLetter ? String(scheme) : nil
  }

  /// Section 5.2.3.
  private func merged(with relative: String) -> String {
    if authority != nil, path.isEmpty { return "/" + relative }
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return relative }
    return String(path[...slash]) + relative
  }

  /// Section 5.2.4.
  private static func withoutDotSegments(_ path: String) -> String {
    let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String(Substring($0)) }
    guard segments.contains(where: { $0 == "." || $0 == ".." }) else { return path }
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    var kept: [String] = []
    for segment in isAbsolute ? segments.dropFirst() : segments[...] {
      switch segment {
      case ".": break
      case "..": _ = kept.popLast()
      default: kept.append(segment)
      }
    }
    if let last = segments.last, last == "." || last == ".." { kept.append("") }
    return (isAbsolute ? "/" : "") + kept.joined(separator: "/")
  }
}
