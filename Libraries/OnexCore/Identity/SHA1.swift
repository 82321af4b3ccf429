/// SHA-1 (RFC 3174), here only because UUIDv5 is defined with it; nothing secret depends on it. It lives in the core because
/// identities must be derivable without I/O or C.
struct SHA1 {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
  )
  private var block = InlineBlock()
  private var filled = 0
  private var length: UInt64 = 0

  mutating func update(_ byte: UInt8) {
    block.setByte(byte, at: filled)
    filled += 1
    length += 1
    if filled == 64 {
      compress()
      filled = 0
    }
  }

  mutating func update(bigEndian word: UInt64) {
    for shift in stride(from: 56, through: 0, by: -8) { update(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
  }

  mutating func finish() -> (UInt32, UInt32, UInt32, UInt32, UInt32) {
    let bits = length * 8
    update(0x80)
    while filled != 56 { update(0) }
    update(bigEndian: bits)
    return state
  }

  private mutating func compress() {
    var (a, b, c, d, e) = state
    for round in 0..<80 {
      let word = block.schedule(round)
      let (mix, constant): (UInt32, UInt32) =
        switch round {
        case 0..<20: ((b & c) | (~b & d), 0x5A82_7999)
        case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case 40..<60: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
      let next = (a << 5 | a >> 27) &+ mix &+ e &+ constant &+ word
      (e, d, c, b, a) = (d, c, b << 30 | b >> 2, a, next)
    }
    state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
  }
}

/// Sixteen message words on the stack; the schedule is computed in place, sixteen words back, instead of an array of eighty.
private struct InlineBlock {
  private var words: SIMD16<UInt32> = .zero

  mutating func setByte(_ byte: UInt8, at index: Int) {
    let shift = UInt32(24 - (index & 3) * 8)
    let cleared = words[index >> 2] & ~(0xFF << shift)
    words[index >> 2] = cleared | UInt32(byte) << shift
  }

  mutating func schedule(_ round: Int) -> UInt32 {
    if round < 16 { return words[round] }
    let mixed = words[(round - 3) & 15] ^ words[(round - 8) & 15] ^ words[(round - 14) & 15] ^ words[round & 15]
    let word = mixed << 1 | mixed >> 31
    words[round & 15] = word
    return word
  }
}
