import Glibc

/// An IPv4 or IPv6 address by value. An IPv4 address that is mapped into IPv6 (`::ffff:127.0.0.1`) is the IPv4 address: it
/// reaches the same place.
enum IPAddress: Hashable, Sendable {
  case v4(UInt32)
  case v6(high: UInt64, low: UInt64)

  /// This machine or this link (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3, RFC 3927): what listens there trusts its
  /// neighbours, as health endpoints, databases and metadata services do.
  var isLocal: Bool {
    switch self {
    case .v4(let bits): bits >> 24 == 127 || bits >> 16 == 0xA9FE || bits >> 24 == 0
    case .v6(let high, let low): high == 0 && low <= 1 || high >> 54 == 0xFE80 >> 6
    }
  }

  /// Reads the standard text forms, without brackets and zone; `nil` for everything else.
  init?(_ text: some StringProtocol) {
    let text = String(text)
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      self = .v4(UInt32(bigEndian: v4.s_addr))
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    self = IPAddress(v6)
  }

  /// The address of a socket; `nil` when it belongs to another family.
  init?(_ address: UnsafeRawPointer, length: Int) {
    switch Int32(address.loadUnaligned(as: sockaddr.self).sa_family) {
    case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
      self = .v4(UInt32(bigEndian: address.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
    case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
      self = IPAddress(address.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
    default: return nil
    }
  }

  private init(_ address: in6_addr) {
    let (high, low) = withUnsafeBytes(of: address) { bytes in
      (
        UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
    let isMapped = high == 0 && low >> 32 == 0xFFFF
    self = isMapped ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
  }
}
