import CMicroHTTPD
import Glibc
import OnexCore

/// What the C callbacks share: one for the life of a server.
final class HTTPDispatch: Sendable {
  let router: HTTPRouter
  let bodyBytesMax: Int
  let connections: ConnectionWatch

  init(router: HTTPRouter, bodyBytesMax: Int, connections: ConnectionWatch) {
    self.router = router
    self.bodyBytesMax = bodyBytesMax
    self.connections = connections
  }
}

/// One request between its first callback and its last; used by one thread of the daemon.
private final class HTTPExchange {
  let method: String
  let path: String
  let handler: HTTPRoute.Handler
  var body: [UInt8] = []
  var received = 0

  init(method: String, path: String, handler: @escaping HTTPRoute.Handler) {
    self.method = method
    self.path = path
    self.handler = handler
  }
}

/// `MHD_AccessHandlerCallback`: called once when the headers are read, once for each piece of the body, and once at its end.
func answerRequest(
  context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?, method: UnsafePointer<CChar>?,
  version: UnsafePointer<CChar>?, uploaded: UnsafePointer<CChar>?, uploadedCount: UnsafeMutablePointer<Int>?,
  state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
  guard let context, let connection, let url, let method, let uploadedCount, let state else { return .NO }
  let dispatch = Unmanaged<HTTPDispatch>.fromOpaque(context).takeUnretainedValue()
  guard state.pointee != badTarget, let version, strncmp(version, "HTTP/1.", 7) == 0 else {
    state.pointee = nil
    return send(badRequest, on: connection)
  }
  guard let current = state.pointee else {
    dispatch.connections.hasRequest(connection)
    return begin(dispatch, connection, path: String(cString: url), method: String(cString: method), state)
  }
  let exchange = Unmanaged<HTTPExchange>.fromOpaque(current).takeUnretainedValue()
  if uploadedCount.pointee > 0 {
    let piece = UnsafeRawBufferPointer(start: uploaded, count: uploadedCount.pointee)
    uploadedCount.pointee = 0
    return receive(piece, exchange, dispatch)
  }
  guard exchange.received <= dispatch.bodyBytesMax else { return send(bodyTooLarge, on: connection) }
  let request = HTTPServerRequest(
    method: exchange.method, path: exchange.path, query: values(of: .GET_ARGUMENT_KIND, on: connection),
    headers: values(of: .HEADER_KIND, on: connection), body: Bytes(exchange.body))
  return send(exchange.handler(request), on: connection)
}

/// `MHD_RequestCompletedCallback`: the one place where an exchange is released, whatever became of the request.
func endRequest(
  context: UnsafeMutableRawPointer?, connection: OpaquePointer?, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
  reason: MHD_RequestTerminationCode
) {
  if let context, let connection {
    Unmanaged<HTTPDispatch>.fromOpaque(context).takeUnretainedValue().connections.hasAnswered(connection)
  }
  guard let state, let current = state.pointee, current != badTarget else { return }
  Unmanaged<HTTPExchange>.fromOpaque(current).release()
  state.pointee = nil
}

/// `MHD_NotifyConnectionCallback`
func notifyConnection(
  context: UnsafeMutableRawPointer?, connection: OpaquePointer?, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
  event: MHD_ConnectionNotificationCode
) {
  guard let context, let connection else { return }
  let connections = Unmanaged<HTTPDispatch>.fromOpaque(context).takeUnretainedValue().connections
  if event == .CONNECTION_NOTIFY_STARTED { connections.opened(connection) } else { connections.closed(connection) }
}

/// Looks at the target before it is decoded, where an encoded NUL would end the path early.
func inspectTarget(
  context: UnsafeMutableRawPointer?, uri: UnsafePointer<CChar>?, connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
  guard let uri else { return badTarget }
  var text = UnsafeRawPointer(uri).assumingMemoryBound(to: UInt8.self)
  while text.pointee != 0 {
    let byte = text.pointee
    // Control characters and blanks cannot be part of a target (RFC 9112 section 3.2).
    if byte <= 0x20 || byte == 0x7F { return badTarget }
    if byte == UInt8(ascii: "%"), text[1] == UInt8(ascii: "0"), text[2] == UInt8(ascii: "0") { return badTarget }
    text += 1
  }
  return nil
}

/// Marks a request whose target is refused; never looked into.
private var badTarget: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: 1) }

private let badRequest = HTTPServerResponse.error(400, "BAD_REQUEST", "the request is not well formed (RFC 9112)")

private let bodyTooLarge = HTTPServerResponse.error(413, "PAYLOAD_TOO_LARGE", "the body is larger than this server reads")

private func begin(
  _ dispatch: HTTPDispatch, _ connection: OpaquePointer, path: String, method: String,
  _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> MHD_Result {
  guard hasOneLength(connection), hasPlainHeaders(connection) else { return send(badRequest, on: connection) }
  switch dispatch.router.match(method: method, path: path) {
  case .refusal(let response):
    return send(response, on: connection)
  case .handler(let handler):
    if let declared = MHD_lookup_connection_value(connection, .HEADER_KIND, "Content-Length"),
      Int(String(cString: declared)) ?? .max > dispatch.bodyBytesMax
    {
      return send(bodyTooLarge, on: connection)
    }
    let exchange = HTTPExchange(method: method, path: path, handler: handler)
    state.pointee = Unmanaged.passRetained(exchange).toOpaque()
    return .YES
  }
}

/// A chunked body tells its size only by its end. The surplus is read and dropped, because a refusal can be sent only after
/// the body; who goes on past twice the limit is cut off.
private func receive(_ piece: UnsafeRawBufferPointer, _ exchange: HTTPExchange, _ dispatch: HTTPDispatch) -> MHD_Result {
  exchange.received += piece.count
  guard exchange.received <= dispatch.bodyBytesMax else {
    exchange.body = []
    return exchange.received <= 2 * dispatch.bodyBytesMax ? .YES : .NO
  }
  exchange.body.append(contentsOf: piece)
  return .YES
}

/// Two lengths, or a length beside a transfer coding, are read differently by different programs (RFC 9112 section 6.3).
private func hasOneLength(_ connection: OpaquePointer) -> Bool {
  let names = values(of: .HEADER_KIND, on: connection).map { $0.name.lowercased() }
  let lengths = names.filter { $0 == "content-length" }.count
  let codings = names.filter { $0 == "transfer-encoding" }.count
  return lengths + codings <= 1
}

/// Names are tokens (RFC 9110 section 5.6.2), so that none ends with a blank. libmicrohttpd 0.9.75 hands out neither raw line ends nor
/// folds, so that those cannot be refused here.
private func hasPlainHeaders(_ connection: OpaquePointer) -> Bool {
  var isPlain = true
  withUnsafeMutablePointer(to: &isPlain) { target in
    _ = MHD_get_connection_values_n(
      connection, .HEADER_KIND,
      { target, _, name, nameCount, _, _ in
        let name = UnsafeRawBufferPointer(start: name, count: name == nil ? 0 : nameCount)
        guard !name.isEmpty, name.allSatisfy(HeaderRules.isTokenByte) else {
          target?.assumingMemoryBound(to: Bool.self).pointee = false
          return .NO
        }
        return .YES
      }, target)
  }
  return isPlain
}

private func send(_ response: HTTPServerResponse, on connection: OpaquePointer) -> MHD_Result {
  let built = response.body.withUnsafeBytes { body in
    MHD_create_response_from_buffer(body.count, UnsafeMutableRawPointer(mutating: body.baseAddress), .RESPMEM_MUST_COPY)
  }
  guard let built else { return .NO }
  defer { MHD_destroy_response(built) }
  MHD_add_response_header(built, "Content-Type", response.contentType)
  // Health, metrics and answers of an API are true for the moment of asking only.
  MHD_add_response_header(built, "Cache-Control", "no-store")
  for header in response.headers { MHD_add_response_header(built, header.name, header.value) }
  return MHD_queue_response(connection, UInt32(response.status), built)
}

private func values(of kind: MHD_ValueKind, on connection: OpaquePointer) -> [(name: String, value: String)] {
  var found: [(name: String, value: String)] = []
  withUnsafeMutablePointer(to: &found) { target in
    _ = MHD_get_connection_values(
      connection, kind,
      { target, _, name, value in
        guard let target, let name else { return .NO }
        let list = target.assumingMemoryBound(to: [(name: String, value: String)].self)
        list.pointee.append((String(cString: name), value.map { String(cString: $0) } ?? ""))
        return .YES
      }, target)
  }
  return found
}
