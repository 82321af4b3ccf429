/// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), without I/O or C: names are shortened and reply addresses are signed in the core.
/// Handlers use the system's library. One block costs no allocation.
public struct SHA256 {
  static let digestBytes = 32
  private static let blockBytes = 64
  /// The marker byte and the message's length in bits follow the message.
  private static let trailerBytes = 9

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]

  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
  )

  /// 64 lower-case hex digits.
  public static func hex(of bytes: Bytes) -> String {
    hex(bytes.withUnsafeBytes { digest($0) })
  }

  public static func hex(_ digest: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Returns the 32 bytes of the digest.
  static func digest(_ message: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = SHA256()
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
    let (a, b, c, d, e, f, g, h) = hash.state
    return [a, b, c, d, e, f, g, h].flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
    }
  }

  /// Returns the 32 bytes of the message's authentication code (RFC 2104).
  public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    var block = key.count > blockBytes ? key.withUnsafeBytes { digest($0) } : key
    block += [UInt8](repeating: 0, count: blockBytes - block.count)
    let inner = (block.map { $0 ^ 0x36 } + message).withUnsafeBytes { digest($0) }
    return (block.map { $0 ^ 0x5c } + inner).withUnsafeBytes { digest($0) }
  }

  private mutating func compress(_ block: UnsafeRawBufferPointer) {
    func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { words in
      for index in 0..<16 {
        words[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
      }
      for index in 16..<64 {
        let (a, b) = (words[index - 15], words[index - 2])
        let small = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3
        let large = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10
        words[index] = words[index - 16] &+ small &+ words[index - 7] &+ large
      }
      var (a, b, c, d, e, f, g, h) = state
      for index in 0..<64 {
        let large = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let first = h &+ large &+ (e & f ^ ~e & g) &+ SHA256.constants[index] &+ words[index]
        let small = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ small &+ (a & b ^ a & c ^ b & c))
      }
      state = (
        state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e, state.5 &+ f, state.6 &+ g, state.7 &+ h
      )
    }
  }
}
