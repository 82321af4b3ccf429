import CCurl
import Glibc
import OnexCore

/// One request while libcurl works on it. Belongs to the loop's thread, on which libcurl also calls back.
final class CurlTransfer {
  private static let userAgent = "onex-runtime"

  let job: CurlJob
  let easy: UnsafeMutableRawPointer
  private var headers: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>
  private var body = ByteBuffer(capacity: 4096)
  private var head = ResponseHead()
  private var isTooLarge = false
  /// An address that was refused while no other was tried.
  private var hasRefused = false
  private var hasConnected = false
  /// Whether there was a connection to send the request on.
  private var hasBegun = false
  /// Whether connecting has less time than the request.
  private let isConnectionLimited: Bool

  /// `nil` when libcurl has no memory or does not know an option.
  init?(_ job: CurlJob, connectTimeout: Duration) {
    guard let easy = curl_easy_init() else { return nil }
    self.job = job
    self.easy = easy
    isConnectionLimited = connectTimeout < job.timeLeft
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    guard configure(connectTimeout: connectTimeout), configureBody(), configureHeaders(), configureCallbacks() else { return nil }
  }

  /// The handle must have left the multi handle.
  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(headers)
    errorText.deallocate()
  }

  func outcome(_ code: CURLcode) -> CurlOutcome {
    guard code == CURLE_OK else { return .failure(error(code)) }
    return .success(
      HTTPClientResponse(
        status: onex_curl_response_code(easy), headers: head.headers, body: body.finish(), url: job.url.text))
  }

  private func configure(connectTimeout: Duration) -> Bool {
    let left = max(Int(job.timeLeft.milliseconds.rounded(.up)), 1)
    let isPrivate = ConnectionSharing.isForbidden(job.request.headers)
    let numbers: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1),
      (CURLOPT_TIMEOUT_MS, left),
      (CURLOPT_CONNECTTIMEOUT_MS, min(left, Int(connectTimeout.milliseconds))),
      (CURLOPT_FOLLOWLOCATION, 0),
      (CURLOPT_SSL_VERIFYPEER, 1),
      (CURLOPT_SSL_VERIFYHOST, 2),
      (CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
      // HTTP/2 would let another request join a connection that is kept apart.
      (CURLOPT_HTTP_VERSION, Int(isPrivate ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS)),
      (CURLOPT_FRESH_CONNECT, isPrivate ? 1 : 0),
      (CURLOPT_FORBID_REUSE, isPrivate ? 1 : 0),
      // A name that is still being resolved when its request ends must not hold up the others.
      (CURLOPT_QUICK_EXIT, 1),
    ]
    let texts: [(CURLoption, String)] = [
      (CURLOPT_URL, job.url.text),
      (CURLOPT_PROTOCOLS_STR, "http,https"),
      (CURLOPT_CUSTOMREQUEST, job.request.method),
      (CURLOPT_USERAGENT, CurlTransfer.userAgent),
      // Not even those of the environment: the address that is checked must be the server's.
      (CURLOPT_PROXY, ""),
      (CURLOPT_NOPROXY, "*"),
    ]
    return numbers.allSatisfy { onex_curl_set_long(easy, $0.0, $0.1) == CURLE_OK }
      && texts.allSatisfy { onex_curl_set_text(easy, $0.0, $0.1) == CURLE_OK }
      && onex_curl_set_error_buffer(easy, errorText) == CURLE_OK
  }

  private func configureBody() -> Bool {
    let method = job.request.method
    if method == "HEAD" { return onex_curl_set_long(easy, CURLOPT_NOBODY, 1) == CURLE_OK }
    // A length that is announced is refused before a byte of it arrives. (Of a HEAD it announces what will not come.)
    guard
      onex_curl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(max(job.request.responseBytesMax, 1))) == CURLE_OK
    else { return false }
    guard let body = job.request.body ?? (["POST", "PUT", "PATCH"].contains(method) ? Bytes.empty : nil) else {
      return true
    }
    return body.withUnsafeBytes { onex_curl_set_body(easy, $0.baseAddress, $0.count) == CURLE_OK }
      && onex_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK
  }

  private func configureHeaders() -> Bool {
    // libcurl would wait for a "100 Continue" and call every body a form.
    var lines = ["Expect:"]
    let names = Set(job.request.headers.map { $0.name.lowercased() })
    if !names.contains("content-type") { lines.append("Content-Type:") }
    for header in job.request.headers {
      // libcurl leaves out a header whose value is empty or blank, unless it is written with a semicolon.
      let isBlank = header.value.utf8.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      lines.append(isBlank ? "\(header.name);" : "\(header.name): \(header.value)")
    }
    // `curl_slist_append` walks to the end of the list that it is given, so each line is appended to the last one alone.
    var last: UnsafeMutablePointer<curl_slist>?
    for line in lines {
      guard let longer = curl_slist_append(last, line) else { return false }
      if headers == nil { headers = longer }
      last = last == nil ? longer : longer.pointee.next
    }
    return onex_curl_set_headers(easy, headers) == CURLE_OK
  }

  private func configureCallbacks() -> Bool {
    // The loop holds the transfer for as long as libcurl may call.
    let context = Unmanaged.passUnretained(self).toOpaque()
    let onWrite: onex_curl_write = { bytes, size, count, context in
      guard let context else { return 0 }
      let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.received(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
    }
    let onHeader: onex_curl_write = { bytes, size, count, context in
      guard let context else { return 0 }
      let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.head.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
    }
    let onOpen: curl_opensocket_callback = { context, _, address in
      guard let context, let address else { return -1 }
      return Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().openSocket(address.pointee, at: address)
    }
    let onRequest: curl_prereq_callback = { context, address, _, _, _ in
      guard let context, let address else { return CURL_PREREQFUNC_ABORT }
      let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
      return transfer.mayUse(connectionTo: String(cString: address)) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
    }
    return onex_curl_on_write(easy, onWrite, context) == CURLE_OK
      && onex_curl_on_header(easy, onHeader, context) == CURLE_OK
      && onex_curl_on_open_socket(easy, onOpen, context) == CURLE_OK
      && onex_curl_on_prerequest(easy, onRequest, context) == CURLE_OK
  }

  private func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard body.count + bytes.count <= job.request.responseBytesMax else {
      isTooLarge = true
      return false
    }
    body.append(bytes)
    return true
  }

  /// Called with the address that is about to be connected to.
  private func openSocket(_ socketAddress: curl_sockaddr, at pointer: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
    guard let raw = onex_curl_socket_address(pointer),
      let address = IPAddress(raw, length: Int(socketAddress.addrlen)), job.permission.permits(address)
    else {
      hasRefused = true
      return -1
    }
    hasConnected = true
    return socket(socketAddress.family, socketAddress.socktype | Int32(SOCK_CLOEXEC.rawValue), socketAddress.protocol)
  }

  /// A connection of the pool may have been opened by a request that was allowed more.
  private func mayUse(connectionTo address: String) -> Bool {
    hasBegun = true
    let isAllowed = IPAddress(address).map { job.permission.permits($0) } ?? false
    if !isAllowed { (hasRefused, hasConnected) = (true, false) }
    return isAllowed
  }

  private func error(_ code: CURLcode) -> HTTPClientError {
    let origin = job.url.origin
    if isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
      return HTTPClientError(
        .responseTooLarge, "the response of \(origin) is larger than \(job.request.responseBytesMax) bytes")
    }
    if head.isTooLarge {
      return HTTPClientError(
        .protocolError,
        "the response of \(origin) has more than \(ResponseHead.countMax) headers or \(ResponseHead.bytesMax) bytes of them")
    }
    if hasRefused, !hasConnected {
      return HTTPClientError(.forbiddenHost, "\(origin) leads to a private or special address, which this request may not reach")
    }
    if code == CURLE_OPERATION_TIMEDOUT, hasBegun || !isConnectionLimited {
      return HTTPClientError(.timedOut, "\(origin) did not answer within \(Int(job.request.timeout.milliseconds)) ms")
    }
    let reason = errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
    return HTTPClientError(CurlTransfer.kind(of: code), "\(origin): \(reason)")
  }

  private static func kind(of code: CURLcode) -> HTTPClientError.Code {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: .unresolvedHost
    case CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE,
      CURLE_OPERATION_TIMEDOUT:
      .connectionFailed
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      .tls
    case CURLE_URL_MALFORMAT: .invalidURL
    default: .protocolError
    }
  }
}

/// The headers of a response as they arrive, line by line. Each line costs its own length and nothing more: all transfers share
/// one thread, and `curl_easy_nextheader` walks the whole list for each header.
struct ResponseHead {
  /// Of the final response.
  static let countMax = 256
  /// Of all header lines together: informational responses, the final one and trailers.
  static let bytesMax = 64 << 10

  private(set) var headers: [(name: String, value: String)] = []
  private(set) var isTooLarge = false
  private var bytes = 0
  /// The blank line behind the final response's headers was read. Later lines are trailers, which are not kept.
  private var hasEnded = false
  private var isInformational = false

  /// - Parameter line: with its line end.
  /// - Returns: false when the response has too many headers and must be given up.
  mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
    bytes += line.count
    guard bytes <= ResponseHead.bytesMax else { return refuse() }
    guard !hasEnded else { return true }
    let text = ResponseHead.trimmed(line[...])
    if text.isEmpty {
      hasEnded = !isInformational
    } else if line.starts(with: "HTTP/".utf8) {
      headers.removeAll()
      // 101 switches the protocol and is final, but is never asked for.
      isInformational = text.drop { $0 != UInt8(ascii: " ") }.dropFirst().first == UInt8(ascii: "1")
    } else if let first = line.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
      // A line that continues the one before (obs-fold, RFC 9112 section 5.2) is joined to it by one blank.
      if !headers.isEmpty { headers[headers.count - 1].value += " " + String(decoding: text, as: UTF8.self) }
    } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
      guard headers.count < ResponseHead.countMax else { return refuse() }
      let name = ResponseHead.trimmed(text[..<colon])
      let value = ResponseHead.trimmed(text[(colon + 1)...])
      headers.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
    }
    return true
  }

  private mutating func refuse() -> Bool {
    isTooLarge = true
    headers = []
    return false
  }

  private static func trimmed(_ text: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    var text = text
    while let last = text.last, isBlank(last) { text.removeLast() }
    while let first = text.first, isBlank(first) { text.removeFirst() }
    return text
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
}

/// Decides which requests get a connection of their own. NTLM and Negotiate authenticate the connection and not the request
/// (RFC 4559 section 6), so that the next request on it would act as the caller before.
enum ConnectionSharing {
  /// Schemes that are known to speak for one request only. Any other scheme may bind the connection.
  private static let statelessSchemes: Set<String> = ["basic", "bearer", "digest", "token", "apikey", "aws4-hmac-sha256", "dpop"]

  static func isForbidden(_ headers: [(name: String, value: String)]) -> Bool {
    headers.contains { header in
      guard header.name.lowercased() == "authorization" else { return false }
      let scheme = header.value.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "," }).first ?? ""
      return !statelessSchemes.contains(scheme.lowercased())
    }
  }
}
