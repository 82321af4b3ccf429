/// Which addresses one request may connect to. Looked at when the socket is opened, with the address that it is opened to: what a
/// name meant when somebody checked it does not matter.
enum AddressPermission: Hashable, Sendable {
  case any
  /// Addresses of the whole internet only.
  case global
  /// The operator named the host: private addresses too, as an internal service has one. Link-local and other special ones are
  /// refused also here, because no service has such a name, while a name that is made to point at the metadata service has.
  case namedHost
  /// As `namedHost`, without a port: this machine's own addresses are refused too.
  case namedHostWithoutPort
  /// The operator named this very address.
  case address(IPAddress)

  func permits(_ address: IPAddress) -> Bool {
    let scope = AddressScope(address)
    return switch self {
    case .any: true
    case .global: scope == .global
    case .namedHost: scope != .special
    case .namedHostWithoutPort: scope != .special && !address.isLocal
    case .address(let named): scope == .global || address == named
    }
  }
}
