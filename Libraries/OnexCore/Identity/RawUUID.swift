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
  public init(namespace: RawUUID, name: UnsafeRawBufferPointer) {
    let digest = withUnsafeTemporaryAllocation(byteCount: 16 + name.count, alignment: 8) { message in
      message.storeBytes(of: namespace.high.bigEndian, as: UInt64.self)
      message.storeBytes(of: namespace.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      UnsafeMutableRawBufferPointer(rebasing: message[16...]).copyMemory(from: name)
      return SHA1.digest(UnsafeRawBufferPointer(message))
    }
    let high = UInt64(digest.0) << 32 | UInt64(digest.1)
    let low = UInt64(digest.2) << 32 | UInt64(digest.3)
    self.high = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x5000
    self.low = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
  }

  public init(namespace: RawUUID, name: String) {
    var name = name
    self = name.withUTF8 { RawUUID(namespace: namespace, name: UnsafeRawBufferPointer($0)) }
  }

  /// The 36-character form, either case; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    guard let parsed = text.withUTF8({ RawUUID(ascii: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = parsed
  }

  /// The 36-character form as bytes.
  public init?(ascii: UnsafeRawBufferPointer) {
    guard ascii.count == 36, ascii[8] == dash, ascii[13] == dash, ascii[18] == dash, ascii[23] == dash else { return nil }
    guard let first = RawUUID.digits(ascii, 0, 8), let second = RawUUID.digits(ascii, 9, 4),
      let third = RawUUID.digits(ascii, 14, 4), let fourth = RawUUID.digits(ascii, 19, 4),
      let fifth = RawUUID.digits(ascii, 24, 12)
    else { return nil }
    high = first << 32 | second << 16 | third
    low = fourth << 48 | fifth
  }

  /// Writes the 36 lower-case characters to the start of `target`.
  public func writeASCII(to target: UnsafeMutableRawBufferPointer) {
    precondition(target.count >= 36, "a UUID is 36 characters")
    let words = (RawUUID.hex(high >> 32), RawUUID.hex(high), RawUUID.hex(low >> 32), RawUUID.hex(low))
    func put(_ text: UInt64, at start: Int) { target.storeBytes(of: text, toByteOffset: start, as: UInt64.self) }
    func put(_ text: UInt32, at start: Int) { target.storeBytes(of: text, toByteOffset: start, as: UInt32.self) }
    put(words.0, at: 0)
    target[8] = dash
    put(UInt32(truncatingIfNeeded: words.1), at: 9)
    target[13] = dash
    put(UInt32(truncatingIfNeeded: words.1 >> 32), at: 14)
    target[18] = dash
    put(UInt32(truncatingIfNeeded: words.2), at: 19)
    target[23] = dash
    put(UInt32(truncatingIfNeeded: words.2 >> 32), at: 24)
    put(words.3, at: 28)
  }

  /// The number that `count` hex digits from `start` on stand for; `nil` when one is none.
  private static func digits(_ ascii: UnsafeRawBufferPointer, _ start: Int, _ count: Int) -> UInt64? {
    var number: UInt64 = 0
    var seen: UInt8 = 0
    for index in start..<start + count {
      let digit = value(ofHexDigit: ascii[index])
      seen |= digit
      number = number << 4 | UInt64(digit & 15)
    }
    return seen < 16 ? number : nil
  }

  /// The eight lower-case hex digits of the lowest 32 bits, the first in the lowest byte. All digits at once: every message carries
  /// several identifiers.
  private static func hex(_ number: UInt64) -> UInt64 {
    var digits = number & 0xFFFF_FFFF
    digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
    digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
    digits = (digits | digits << 4) & 0x0F0F_0F0F_0F0F_0F0F
    // 1 in every byte whose digit is a letter.
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return (digits + 0x3030_3030_3030_3030 + letters &* 39).littleEndian.byteSwapped
  }

  /// 0 to 15; 16 and above for what is no hex digit.
  private static func value(ofHexDigit byte: UInt8) -> UInt8 {
    let decimal = byte &- 48
    let letter = (byte | 0x20) &- 97
    return decimal < 10 ? decimal : letter < 6 ? letter + 10 : 0xF0
  }
}

private let dash = UInt8(ascii: "-")

extension RawUUID: CustomStringConvertible {
  public var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      writeASCII(to: UnsafeMutableRawBufferPointer(buffer))
      return 36
    }
  }
}
