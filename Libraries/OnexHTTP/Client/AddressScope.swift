/// Who can be behind an address, by the special-purpose registries of RFC 6890 as IANA keeps them.
enum AddressScope: Sendable {
  /// Reachable from the whole internet.
  case global
  /// This machine or the own network: loopback, RFC 1918, shared (RFC 6598), unique local (RFC 4193).
  case privateUse
  /// Everything else: link-local (where clouds keep their metadata services), multicast, unspecified, documentation,
  /// translation and tunnel prefixes, and what is not assigned.
  case special

  init(_ address: IPAddress) {
    switch address {
    case .v4(let bits): self = AddressScope(v4: bits)
    case .v6(let high, let low): self = AddressScope(v6: high, low)
    }
  }

  private struct Block {
    let prefix: UInt32
    let length: UInt32

    init(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ length: UInt32) {
      prefix = a << 24 | b << 16 | c << 8
      self.length = length
    }

    func contains(_ bits: UInt32) -> Bool { (bits ^ prefix) >> (32 - length) == 0 }
  }

  private static let privateBlocks = [
    Block(10, 0, 0, 8), Block(100, 64, 0, 10), Block(127, 0, 0, 8), Block(172, 16, 0, 12), Block(192, 168, 0, 16),
  ]

  private static let specialBlocks = [
    Block(0, 0, 0, 8), Block(169, 254, 0, 16), Block(192, 0, 0, 24), Block(192, 0, 2, 24), Block(192, 88, 99, 24),
    Block(198, 18, 0, 15), Block(198, 51, 100, 24), Block(203, 0, 113, 24), Block(224, 0, 0, 3),
  ]

  private init(v4 bits: UInt32) {
    if AddressScope.privateBlocks.contains(where: { $0.contains(bits) }) {
      self = .privateUse
    } else if AddressScope.specialBlocks.contains(where: { $0.contains(bits) }) {
      self = .special
    } else {
      self = .global
    }
  }

  /// Only 2000::/3 is assigned for global unicast (RFC 4291), so that the rest need not be named one by one.
  private init(v6 high: UInt64, _ low: UInt64) {
    let isLoopback = high == 0 && low == 1
    let isUniqueLocal = high >> 57 == 0xFC >> 1
    if isLoopback || isUniqueLocal {
      self = .privateUse
    } else if high >> 61 == 1, !AddressScope.isSpecialInsideGlobal(high) {
      self = .global
    } else {
      self = .special
    }
  }

  private static func isSpecialInsideGlobal(_ high: UInt64) -> Bool {
    high >> 41 == 0x2001_0000 >> 9  // 2001::/23: protocol assignments, Teredo, benchmarks, ORCHID
      || high >> 32 == 0x2001_0DB8  // 2001:db8::/32: documentation
      || high >> 48 == 0x2002  // 2002::/16: 6to4, which may carry any IPv4 address
      || high >> 44 == 0x3FFF0  // 3fff::/20: documentation (RFC 9637)
  }
}
