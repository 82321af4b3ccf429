/// Sends HTTP requests; libcurl in production.
public protocol HTTPClient: Sendable {
  /// Cancelling the task ends the transfer.
  func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse
}

public struct HTTPClientRequest: Sendable {
  /// Which addresses a request, and each redirect of it, may reach. Checked against the address that is connected to, so
  /// that a name which resolves to a private address is refused too.
  public struct Reach: Sendable {
    /// Host names or `*.suffix` patterns, lower case, with an optional `:port`; `nil` allows every host.
    public var hosts: [String]?
    /// Loopback, link-local, private and other special ranges (RFC 6890). Without this, a host that `hosts` names literally may
    /// have a private address, and an address that it names may be any; a redirect leads to one only within the first origin or
    /// where `hosts` names the target with its port.
    public var privateAddresses: Bool

    public init(hosts: [String]?, privateAddresses: Bool) {
      self.hosts = hosts
      self.privateAddresses = privateAddresses
    }
  }

  public var method: String
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: Bytes?
  public var timeout: Duration
  public var responseBytesMax: Int
  /// 0 returns the redirect itself.
  public var redirectsMax: Int
  public var reach: Reach

  public init(
    method: String, url: String, headers: [(name: String, value: String)] = [], body: Bytes? = nil,
    timeout: Duration = .seconds(30), responseBytesMax: Int = 1 << 20, redirectsMax: Int = 0,
    reach: Reach = Reach(hosts: nil, privateAddresses: true)
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.responseBytesMax = responseBytesMax
    self.redirectsMax = redirectsMax
    self.reach = reach
  }
}

public struct HTTPClientResponse: Sendable {
  public let status: Int
  public let headers: [(name: String, value: String)]
  public let body: Bytes
  /// Where the last redirect led; the request's URL without one.
  public let url: String

  public init(status: Int, headers: [(name: String, value: String)], body: Bytes, url: String) {
    self.status = status
    self.headers = headers
    self.body = body
    self.url = url
  }
}

public struct HTTPClientError: Error, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable {
    case invalidURL, forbiddenHost, unresolvedHost, connectionFailed, tls, timedOut, responseTooLarge, tooManyRedirects,
      cancelled, protocolError
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Whether sending the same request again may succeed.
  public var isRetriable: Bool {
    switch code {
    case .unresolvedHost, .connectionFailed, .timedOut: true
    default: false
    }
  }

  public var description: String { message }
}
