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

  /// Stands in `allowed_hosts` for the hosts of the setting ONEX_ALLOWED_HOSTS.
  public static let hostsSetting = "${ONEX_ALLOWED_HOSTS}"
  /// Stands in `allowed_paths` for the folder of the setting ONEX_DATA_DIR.
  public static let folderSetting = "${ONEX_DATA_DIR}"

  /// The lists with the values of the service's settings; a setting that is not given allows nothing.
  public func resolved(hosts: [String], folder: String?) -> ContractSecurity {
    ContractSecurity(
      trustedNamespace: trustedNamespace, auditLogging: auditLogging, requiresAuthentication: requiresAuthentication,
      allowedHosts: allowedHosts.flatMap { $0 == ContractSecurity.hostsSetting ? hosts.map { $0.lowercased() } : [$0] },
      allowedPaths: allowedPaths.flatMap { $0 == ContractSecurity.folderSetting ? folder.map { [$0] } ?? [] : [$0] })
  }

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
