import OnexCore

/// The CRC-32 of Ethernet, gzip (RFC 1952 section 8) and PNG: reflected, polynomial 0x04C11DB7, all ones before and after.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }

  static func checksum(of bytes: Bytes) -> UInt32 {
    bytes.withUnsafeBytes { buffer in
      ~buffer.reduce(~UInt32(0)) { value, byte in value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] }
    }
  }
}
