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
        status: onex_curl_response_code(easy), headers: responseHeaders(), body: body.finish(), url: job.url.text))
  }

  private func configure(connectTimeout: Duration) -> Bool {
    let left = max(Int(job.timeLeft.milliseconds.rounded(.up)), 1)
    let numbers: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1),
      (CURLOPT_TIMEOUT_MS, left),
      (CURLOPT_CONNECTTIMEOUT_MS, min(left, Int(connectTimeout.milliseconds))),
      (CURLOPT_FOLLOWLOCATION, 0),
      (CURLOPT_SSL_VERIFYPEER, 1),
      (CURLOPT_SSL_VERIFYHOST, 2),
      (CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
      (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)),
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
      lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
    }
    for line in lines {
      guard let longer = curl_slist_append(headers, line) else { return false }
      headers = longer
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

  private func responseHeaders() -> [(name: String, value: String)] {
    var headers: [(name: String, value: String)] = []
    var header: UnsafeMutablePointer<curl_header>?
    while let next = curl_easy_nextheader(easy, UInt32(CURLH_HEADER), -1, header) {
      headers.append((String(cString: next.pointee.name), String(cString: next.pointee.value)))
      header = next
    }
    return headers
  }

  private func error(_ code: CURLcode) -> HTTPClientError {
    let origin = job.url.origin
    if isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
      return HTTPClientError(
        .responseTooLarge, "the response of \(origin) is larger than \(job.request.responseBytesMax) bytes")
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
