import OnexCore

/// The hash that Kafka's Java client assigns keys to partitions with, so that a key goes to the same partition here.
enum Murmur2 {
  static func partition(of key: Bytes, count: Int) -> Int32 {
    Int32((hash(key) & 0x7FFF_FFFF) % UInt32(count))
  }

  static func hash(_ key: Bytes) -> UInt32 {
    let multiplier: UInt32 = 0x5BD1_E995
    return key.withUnsafeBytes { bytes in
      var hash = 0x9747_B28C ^ UInt32(truncatingIfNeeded: bytes.count)
      let words = bytes.count / 4
      for index in 0..<words {
        var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
        word &*= multiplier
        word ^= word >> 24
        word &*= multiplier
        hash = hash &* multiplier ^ word
      }
      let tail = bytes[(words * 4)...]
      if !tail.isEmpty {
        for (index, byte) in tail.enumerated() { hash ^= UInt32(byte) << UInt32(index * 8) }
        hash &*= multiplier
      }
      hash ^= hash >> 13
      hash &*= multiplier
      return hash ^ hash >> 15
    }
  }
}
