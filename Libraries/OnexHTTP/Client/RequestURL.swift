import CCurl
import OnexCore

/// The origin (scheme, host and port) of a URL.
public enum RequestOrigin {
  /// `nil` for what is no URL of `http` or `https`.
  public static func text(of url: String) -> String? { (try? RequestURL(url))?.origin }
}

/// An `http` or `https` URL, taken apart by the parser of the library that will connect to it: two parsers may disagree about
/// which part is the host, and a check of the wrong part is none.
struct RequestURL: Hashable, Sendable {
  static let bytesMax = 8192

  /// Normalized, without fragment.
  let text: String
  let scheme: String
  /// Lower case, without brackets and a final dot.
  let host: String
  let port: Int
  /// When the host is an address.
  let address: IPAddress?

  /// - Parameter base: what a relative reference in `text` (the `Location` of a redirect) refers to.
  init(_ text: String, relativeTo base: RequestURL? = nil) throws(HTTPClientError) {
    guard text.utf8.count <= RequestURL.bytesMax else {
      throw HTTPClientError(.invalidURL, "the URL is longer than \(RequestURL.bytesMax) bytes")
    }
    guard !text.utf8.contains(0) else { throw HTTPClientError(.invalidURL, "the URL contains a NUL byte") }
    guard let handle = curl_url() else { throw HTTPClientError(.invalidURL, "there is no memory to parse the URL") }
    defer { curl_url_cleanup(handle) }
    var flags = UInt32(CURLU_DISALLOW_USER)
    if let base {
      // Servers write locations that are not quite URLs; what needs an escape gets it, as it would in a browser.
      flags |= UInt32(CURLU_URLENCODE)
      try RequestURL.check(curl_url_set(handle, CURLUPART_URL, base.text, flags))
    }
    try RequestURL.check(curl_url_set(handle, CURLUPART_URL, text, flags))
    curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)

    scheme = try RequestURL.part(CURLUPART_SCHEME, of: handle).lowercased()
    guard scheme == "http" || scheme == "https" else {
      throw HTTPClientError(.invalidURL, "the URL's scheme is \"\(scheme.prefix(32))\"; only http and https are allowed")
    }
    (host, address) = try RequestURL.host(try RequestURL.part(CURLUPART_HOST, of: handle))
    guard (try? RequestURL.part(CURLUPART_ZONEID, of: handle)) == nil else {
      throw HTTPClientError(.invalidURL, "the URL's host is an IPv6 address with a zone, which is not allowed")
    }
    guard let port = Int(try RequestURL.part(CURLUPART_PORT, of: handle, UInt32(CURLU_DEFAULT_PORT))) else {
      throw HTTPClientError(.invalidURL, "the URL has no port that is a number")
    }
    self.port = port
    self.text = try RequestURL.part(CURLUPART_URL, of: handle)
  }

  /// Credentials that were meant for one origin are not shown to another (RFC 6454).
  func hasSameOrigin(as other: RequestURL) -> Bool {
    scheme == other.scheme && host == other.host && port == other.port
  }

  /// For messages: a path or query may hold secrets.
  var origin: String { "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }

  private static func host(_ text: String) throws(HTTPClientError) -> (String, IPAddress?) {
    if text.hasPrefix("["), text.hasSuffix("]") {
      let inner = text.dropFirst().dropLast()
      guard let address = IPAddress(inner) else {
        throw HTTPClientError(.invalidURL, "the URL's host in brackets is no IPv6 address")
      }
      return (String(inner).lowercased(), address)
    }
    let host = (text.hasSuffix(".") ? String(text.dropLast()) : text).lowercased()
    guard !host.isEmpty, host.utf8.allSatisfy({ isHostByte($0) || $0 == UInt8(ascii: ".") }) else {
      throw HTTPClientError(
        .invalidURL, "the URL's host may have ASCII letters, digits, \"-\", \"_\" and \".\" only; write other letters as punycode"
      )
    }
    return (host, IPAddress(host))
  }

  private static func part(_ part: CURLUPart, of handle: OpaquePointer, _ flags: UInt32 = 0) throws(HTTPClientError) -> String {
    var text: UnsafeMutablePointer<CChar>?
    try check(curl_url_get(handle, part, &text, flags))
    defer { curl_free(text) }
    return text.map { String(cString: $0) } ?? ""
  }

  private static func check(_ code: CURLUcode) throws(HTTPClientError) {
    switch code {
    case CURLUE_OK: return
    case CURLUE_USER_NOT_ALLOWED:
      throw HTTPClientError(.invalidURL, "a URL with a user name or password is not accepted; send an Authorization header")
    case CURLUE_UNSUPPORTED_SCHEME:
      throw HTTPClientError(.invalidURL, "the URL's scheme is unknown; only http and https are allowed")
    default:
      throw HTTPClientError(.invalidURL, "the URL is not valid: \(String(cString: curl_url_strerror(code)))")
    }
  }
}
