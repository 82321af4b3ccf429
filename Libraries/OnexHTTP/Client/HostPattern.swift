/// One entry of an allow-list: a host name or address, or `*.` and a domain for every name below it; with `:port` for that port
/// only and `:*` for every port. An IPv6 address with a port is written in brackets.
public struct HostPattern: Sendable, Hashable {
  private enum Name: Hashable {
    case exact(String)
    case address(IPAddress)
    /// With its leading dot.
    case suffix(String)
  }

  private let name: Name
  private let port: Int?
  /// The entry names a port or, by `:*`, all of them. Addresses of this machine are reached only then.
  let coversPorts: Bool

  /// `nil` when `text` has none of the forms above.
  public init?(_ text: String) {
    let text = text.lowercased()
    if let address = IPAddress(text) {
      name = .address(address)
      port = nil
      coversPorts = false
      return
    }
    let isEveryPort = text.hasSuffix(":*")
    guard let (host, port) = HostPattern.split(isEveryPort ? String(text.dropLast(2)) : text, bracketed: isEveryPort) else {
      return nil
    }
    self.port = port
    coversPorts = port != nil || isEveryPort
    if let address = IPAddress(host) {
      name = .address(address)
    } else if host.hasPrefix("*."), HostPattern.isName(host.dropFirst(2)) {
      name = .suffix(String(host.dropFirst()))
    } else if HostPattern.isName(host) {
      name = .exact(String(host))
    } else {
      return nil
    }
  }

  /// Whether the operator wrote down this one host, and not a whole domain.
  var isLiteral: Bool {
    if case .suffix = name { false } else { true }
  }

  var namesPort: Bool { port != nil }

  func matches(_ url: RequestURL) -> Bool {
    guard port == nil || port == url.port else { return false }
    return switch name {
    case .exact(let name): url.host == name
    case .address(let address): url.address == address
    case .suffix(let suffix): url.address == nil && url.host.hasSuffix(suffix) && url.host.utf8.count > suffix.utf8.count
    }
  }

  /// Host and port of `name`, `name:port` or `[v6]:port`.
  private static func split(_ text: String, bracketed isOnlyHost: Bool) -> (Substring, Int?)? {
    var host = text[...]
    var port: Int?
    if isOnlyHost {
      guard !text.contains(":") || text.hasPrefix("[") else { return nil }
    } else if let colon = text.lastIndex(of: ":") {
      guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else { return nil }
      port = number
      host = text[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return (host, port)
  }

  private static func isName(_ host: some StringProtocol) -> Bool {
    !host.isEmpty && host.utf8.count <= 253
      && host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        !label.isEmpty && label.utf8.allSatisfy(RequestURL.isHostByte)
      }
  }
}
