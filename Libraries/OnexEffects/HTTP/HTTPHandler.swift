import OnexCore
import OnexHTTP
import OnexJSON
import OnexKernel

/// `http.get`, `post`, `put`, `patch`, `delete` and `head`: sends one request to a host that the contract allows.
///
/// Every response is an answer, whatever its status; the handler fails only when there is none (docs/reference/handlers.md).
public struct HTTPHandler: Handler {
  /// A larger body is not read to its end. The runtime's own limit for a response applies besides.
  public static let responseBytesMax = 1 << 20
  public static let redirectsMax = 5

  private let client: any HTTPClient
  private let allowedHosts: [String]
  private let contractName: String

  public init(_ setup: HandlerSetup) throws {
    guard let client = setup.http else {
      throw HandlerError(
        .handlerUnavailable, "the role that runs this handler gives it no HTTP client; only runtime-effects does")
    }
    for host in setup.contract.security.allowedHosts where HostPattern(host) == nil {
      throw HandlerError(
        .handlerFailed,
        "security.allowed_hosts: \"\(host.prefix(80))\" is no host: a name, an address or *.domain, with or without :port")
    }
    self.client = client
    allowedHosts = setup.contract.security.allowedHosts
    contractName = setup.contract.name
  }

  /// The origin of the URL; `nil` for a payload that has none that can be used, which is refused when it is handled.
  public func target(of payload: Bytes) -> Bytes? {
    guard let url = (try? JSONValue.parse(payload))?["url"]?.string else { return nil }
    return RequestOrigin.text(of: url).map { Bytes($0) }
  }

  public func handle(_ request: HandlerRequest) async throws -> Bytes {
    let call = try HTTPCall(request, reach: .init(hosts: allowedHosts, privateAddresses: false))
    let response: HTTPClientResponse
    do {
      response = try await client.send(call.request)
    } catch {
      throw try failure(error, call.request.timeout < request.timeout)
    }
    return HTTPAnswer.encode(response)
  }

  /// - Throws: `CancellationError`, which is no failure of the handler's.
  ///
  /// - Parameter isShortened: the payload gave the callee less time than the contract does.
  private func failure(_ error: HTTPClientError, _ isShortened: Bool) throws -> HandlerError {
    switch error.code {
    case .cancelled:
      throw CancellationError()
    case .invalidURL:
      return HandlerError.invalidPayload(at: JSONPointer(["url"]), "cannot be used: \(error.message)")
    case .forbiddenHost:
      let remedy = "security.allowed_hosts of the contract \"\(contractName)\" says what is"
      return HandlerError(.notAllowed, "\(error.message); \(remedy)")
    case .unresolvedHost, .connectionFailed:
      return HandlerError(.handlerUnavailable, error.message, isRetriable: true)
    case .timedOut:
      return HandlerError(.handlerTimeout, error.message, isRetriable: true, isCallersLimit: isShortened)
    case .tls:
      return HandlerError(.handlerUnavailable, error.message, isRetriable: false)
    case .responseTooLarge:
      return HandlerError(.outputTooLarge, error.message)
    case .tooManyRedirects, .protocolError:
      return HandlerError(.handlerFailed, error.message)
    }
  }
}
