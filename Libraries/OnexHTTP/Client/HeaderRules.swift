/// Which headers a request may set.
public enum HeaderRules {
  /// Belong to the connection or are worked out from the URL and the body. A `Host` of the caller's choice would reach a site
  /// that the allow-list does not name, on an address that it does.
  private static let reserved: Set<String> = [
    "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
    "proxy-authorization", "proxy-connection",
  ]

  /// Headers of one request.
  public static let countMax = 256
  /// Names and values of one request together.
  public static let bytesMax = 64 << 10

  /// What is wrong with the headers as a whole; reads after "the headers". `nil` when nothing is.
  public static func problem(_ headers: [(name: String, value: String)]) -> String? {
    guard headers.count <= countMax else { return "are \(headers.count); at most \(countMax) are allowed" }
    let bytes = headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    return bytes <= bytesMax ? nil : "have \(bytes) bytes; at most \(bytesMax) are allowed"
  }

  /// What is wrong with a header; reads after the header's name. `nil` when nothing is.
  public static func problem(name: String, value: String) -> String? {
    guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
      return "is no header name: letters, digits and !#$%&'*+-.^_`|~ are allowed (RFC 9110 section 5.6.2)"
    }
    guard !reserved.contains(name.lowercased()) else { return "is set by the client itself" }
    guard !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
      return "has a value with a line break or another control character"
    }
    return nil
  }

  /// Whether `text` is a method or another token of RFC 9110.
  static func isToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isTokenByte) }

  static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
