/// A UUID (RFC 9562) as two machine words: comparing, hashing and copying one costs nothing, which a UUID held as text would.
public struct RawUUID: Sendable, Hashable {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Version 4 from 128 random bits, of which six are overwritten by version and variant.
  public init(random high: UInt64, _ low: UInt64) {
    self.high = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
    self.low = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
  }

  /// Version 5 (RFC 9562 section 5.5): the same namespace and name always give the same identifier.
  public init(namespace: RawUUID, name: some Sequence<UInt8>) {
    var hash = SHA1()
    hash.update(bigEndian: namespace.high)
    hash.update(bigEndian: namespace.low)
    for byte in name { hash.update(byte) }
    let digest = hash.finish()
    let high = UInt64(digest.0) << 32 | UInt64(digest.1)
    let low = UInt64(digest.2) << 32 | UInt64(digest.3)
    self.high = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x5000
    self.low = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
  }

  /// The 36-character form, either case; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    guard let parsed = text.withUTF8({ RawUUID(ascii: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = parsed
  }

  /// The 36-character form as bytes.
  public init?(ascii: UnsafeRawBufferPointer) {
    guard ascii.count == 36 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for index in 0..<36 {
      let byte = ascii[index]
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = RawUUID.hexDigit(byte) else { return nil }
      if digits < 16 { words.0 = words.0 << 4 | digit } else { words.1 = words.1 << 4 | digit }
      digits += 1
    }
    high = words.0
    low = words.1
  }

  /// Writes the 36 lower-case characters to the start of `target`.
  public func writeASCII(to target: UnsafeMutableRawBufferPointer) {
    precondition(target.count >= 36, "a UUID is 36 characters")
    var position = 0
    for nibble in 0..<32 {
      if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
        target[position] = UInt8(ascii: "-")
        position += 1
      }
      let word = nibble < 16 ? high : low
      let digit = UInt8(truncatingIfNeeded: word >> UInt64((15 - (nibble & 15)) * 4)) & 15
      target[position] = digit < 10 ? digit + 48 : digit + 87
      position += 1
    }
  }

  private static func hexDigit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 48...57: UInt64(byte - 48)
    case 97...102: UInt64(byte - 87)
    case 65...70: UInt64(byte - 55)
    default: nil
    }
  }
}

extension RawUUID: CustomStringConvertible {
  public var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      writeASCII(to: UnsafeMutableRawBufferPointer(buffer))
      return 36
    }
  }
}
