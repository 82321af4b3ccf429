import OnexCore

/// Decides for one request and its redirects which hosts and addresses may be reached.
struct ReachRules: Sendable {
  private let privateAddresses: Bool
  /// `nil` allows every host.
  private let patterns: [HostPattern]?
  private let written: [String]

  /// - Throws: for an allow-list with an entry that is none; it would silently allow less than was meant.
  init(_ reach: HTTPClientRequest.Reach) throws(HTTPClientError) {
    privateAddresses = reach.privateAddresses
    written = reach.hosts ?? []
    guard let hosts = reach.hosts else {
      patterns = nil
      return
    }
    var patterns: [HostPattern] = []
    for host in hosts {
      guard let pattern = HostPattern(host) else {
        throw HTTPClientError(
          .forbiddenHost, "the allowed host \"\(host.prefix(80))\" is none: a name, an address or *.domain, with or without :port"
        )
      }
      patterns.append(pattern)
    }
    self.patterns = patterns
  }

  /// For the first request.
  func permission(for url: RequestURL) throws(HTTPClientError) -> AddressPermission {
    let matches = try matches(url)
    if privateAddresses { return .any }
    let literal = matches.filter(\.isLiteral)
    return literal.isEmpty ? .global : try named(url, withPort: literal.contains(where: \.coversPorts))
  }

  /// For a redirect. A server that may be asked is not thereby trusted to say who else inside the network shall be asked: only a
  /// way back to where the first request went, or to a service that the allow-list names with its port, leads there.
  func permission(
    redirectedTo url: RequestURL, from first: RequestURL, with permission: AddressPermission
  ) throws(HTTPClientError) -> AddressPermission {
    let matches = try matches(url)
    if privateAddresses { return .any }
    if url.hasSameOrigin(as: first) { return permission }
    return matches.contains { $0.isLiteral && $0.namesPort } ? try named(url, withPort: true) : .global
  }

  /// - Throws: for an address of this machine that the list names without a port.
  private func named(_ url: RequestURL, withPort: Bool) throws(HTTPClientError) -> AddressPermission {
    guard let address = url.address else { return withPort ? .namedHost : .namedHostWithoutPort }
    guard withPort || !address.isLocal else {
      throw HTTPClientError(
        .forbiddenHost,
        "\(url.host) is an address of this machine or link, which an allowed host must name with its port (\(url.host.contains(":") ? "[\(url.host)]" : url.host):\(url.port)) or with :*"
      )
    }
    return .address(address)
  }

  /// The entries that allow `url`; empty when every host is allowed.
  private func matches(_ url: RequestURL) throws(HTTPClientError) -> [HostPattern] {
    guard let patterns else { return [] }
    let matches = patterns.filter { $0.matches(url) }
    guard !matches.isEmpty else {
      let allowed = written.isEmpty ? "no host is allowed" : "allowed are \(written.prefix(20).joined(separator: ", "))"
      throw HTTPClientError(.forbiddenHost, "the host \(url.host.prefix(255)) with port \(url.port) is not allowed; \(allowed)")
    }
    return matches
  }
}
