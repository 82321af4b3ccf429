/// SHA-1 (RFC 3174), here only because UUIDv5 is defined with it; nothing secret depends on it. It lives in the core because
/// identities must be derivable without I/O or C. Every response has such an identity, so that one block costs no allocation.
struct SHA1 {
  typealias Digest = (UInt32, UInt32, UInt32, UInt32, UInt32)

  private static let blockBytes = 64
  /// The marker byte and the message's length in bits follow the message.
  private static let trailerBytes = 9

  private var state: Digest = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)

  static func digest(_ message: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA1()
    var start = 0
    while message.count - start >= blockBytes {
      hash.compress(UnsafeRawBufferPointer(rebasing: message[start..<start + blockBytes]))
      start += blockBytes
    }
    let rest = UnsafeRawBufferPointer(rebasing: message[start...])
    let tailBytes = rest.count + trailerBytes <= blockBytes ? blockBytes : 2 * blockBytes
    withUnsafeTemporaryAllocation(byteCount: tailBytes, alignment: 8) { tail in
      tail.initializeMemory(as: UInt8.self, repeating: 0)
      tail.copyMemory(from: rest)
      tail[rest.count] = 0x80
      tail.storeBytes(of: UInt64(message.count * 8).bigEndian, toByteOffset: tailBytes - 8, as: UInt64.self)
      for start in stride(from: 0, to: tailBytes, by: blockBytes) {
        hash.compress(UnsafeRawBufferPointer(rebasing: tail[start..<start + blockBytes]))
      }
    }
    return hash.state
  }

  private mutating func compress(_ block: UnsafeRawBufferPointer) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { words in
      for index in 0..<16 {
        words[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
      }
      for index in 16..<80 {
        let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]
        words[index] = mixed << 1 | mixed >> 31
      }
      var (a, b, c, d, e) = state
      func step(_ mix: UInt32, _ constant: UInt32, _ word: UInt32) {
        let next = (a << 5 | a >> 27) &+ mix &+ e &+ constant &+ word
        (e, d, c, b, a) = (d, c, b << 30 | b >> 2, a, next)
      }
      for index in 0..<20 { step((b & c) | (~b & d), 0x5A82_7999, words[index]) }
      for index in 20..<40 { step(b ^ c ^ d, 0x6ED9_EBA1, words[index]) }
      for index in 40..<60 { step((b & c) | (b & d) | (c & d), 0x8F1B_BCDC, words[index]) }
      for index in 60..<80 { step(b ^ c ^ d, 0xCA62_C1D6, words[index]) }
      state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }
  }
}
