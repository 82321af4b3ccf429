/// The `security` section: what a handler may do and who must be told.
public struct ContractSecurity: Sendable, Hashable {
  /// The namespace that `handler_class` was checked against.
  public let trustedNamespace: String?
  public let auditLogging: Bool
  public let requiresAuthentication: Bool
  /// Host names, addresses, or `*.` and a domain (which then matches every name below it). Empty: none.
  public let allowedHosts: [String]
  /// Absolute folders. Empty: none.
  public let allowedPaths: [String]

  public init(
    trustedNamespace: String? = nil, auditLogging: Bool = false, requiresAuthentication: Bool = false,
    allowedHosts: [String] = [], allowedPaths: [String] = []
  ) {
    self.trustedNamespace = trustedNamespace
    self.auditLogging = auditLogging
    self.requiresAuthentication = requiresAuthentication
    self.allowedHosts = allowedHosts
    self.allowedPaths = allowedPaths
  }
}
