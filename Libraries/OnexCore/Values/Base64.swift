/// Base 64 with the standard alphabet and padding (RFC 4648 section 4).
public enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let invalid: UInt8 = 0xFF
  private static let padding = UInt8(ascii: "=")

  private static let sextets: [UInt8] = {
    var sextets = [UInt8](repeating: invalid, count: 256)
    for (value, character) in alphabet.enumerated() { sextets[Int(character)] = UInt8(value) }
    return sextets
  }()

  public static func encode(_ bytes: Bytes) -> String {
    bytes.withUnsafeBytes { source in
      String(unsafeUninitializedCapacity: (source.count + 2) / 3 * 4) { target in
        var written = 0
        for start in stride(from: 0, to: source.count, by: 3) {
          let left = source.count - start
          let group =
            UInt32(source[start]) << 16 | (left > 1 ? UInt32(source[start + 1]) << 8 : 0)
            | (left > 2 ? UInt32(source[start + 2]) : 0)
          target[written] = alphabet[Int(group >> 18)]
          target[written + 1] = alphabet[Int(group >> 12 & 63)]
          target[written + 2] = left > 1 ? alphabet[Int(group >> 6 & 63)] : padding
          target[written + 3] = left > 2 ? alphabet[Int(group & 63)] : padding
          written += 4
        }
        return written
      }
    }
  }

  /// `nil` unless `text` is the one canonical form: padded, without white space, and with unused bits zero (sections 3.2 to 3.5),
  /// so that two texts never stand for the same bytes.
  public static func decode(_ text: String) -> Bytes? {
    var text = text
    return text.withUTF8 { source -> Bytes? in
      guard source.count % 4 == 0 else { return nil }
      guard !source.isEmpty else { return .empty }
      let padded = source[source.count - 1] == padding ? (source[source.count - 2] == padding ? 2 : 1) : 0
      let digits = source.count - padded
      var bytes: [UInt8] = []
      bytes.reserveCapacity(source.count / 4 * 3)
      var group: UInt32 = 0
      for index in 0..<digits {
        let sextet = sextets[Int(source[index])]
        guard sextet != invalid else { return nil }
        group = group << 6 | UInt32(sextet)
        if index % 4 == 3 {
          bytes.append(contentsOf: [UInt8(group >> 16 & 255), UInt8(group >> 8 & 255), UInt8(group & 255)])
          group = 0
        }
      }
      switch padded {
      case 1:
        guard group & 3 == 0 else { return nil }
        bytes.append(contentsOf: [UInt8(group >> 10 & 255), UInt8(group >> 2 & 255)])
      case 2:
        guard group & 15 == 0 else { return nil }
        bytes.append(UInt8(group >> 4 & 255))
      default: break
      }
      return Bytes(bytes)
    }
  }
}
