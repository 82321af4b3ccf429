import CCrypto
import OnexCore
import OnexKernel

/// What `hash.*` can compute. SHA-1, MD5 and CRC-32 are there for interoperability and protect against nobody.
enum HashAlgorithm: String, CaseIterable {
  case sha256, sha512, sha1, md5, crc32

  /// The digest, most significant byte first.
  ///
  /// - Throws: when the machine's OpenSSL refuses the algorithm, as one in FIPS mode does with MD5.
  func digest(of bytes: Bytes) throws(HandlerError) -> [UInt8] {
    guard let method else {
      let checksum = CRC32.checksum(of: bytes)
      return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) }
    }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let status = bytes.withUnsafeBytes { EVP_Digest($0.baseAddress, $0.count, &digest, &count, method, nil) }
    guard status == 1 else {
      throw HandlerError(
        .handlerFailed, "the OpenSSL library of this machine does not compute \(rawValue); a FIPS configuration forbids some")
    }
    return Array(digest.prefix(Int(count)))
  }

  /// `nil` for CRC-32, which is no digest of OpenSSL's.
  private var method: OpaquePointer? {
    switch self {
    case .sha256: EVP_sha256()
    case .sha512: EVP_sha512()
    case .sha1: EVP_sha1()
    case .md5: EVP_md5()
    case .crc32: nil
    }
  }
}
