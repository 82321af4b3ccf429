/// Whether what a name stands for is a secret: `password`, `client_secret`, `X-Api-Key`, `accessToken`. Upper and lower case and the
/// separators `_`, `-` and `.` make no difference; what matters is how the name ends.
enum SecretName {
  /// A longer name is read from its end only.
  static let bytesMax = 64

  private static let endings: [UInt8: [[UInt8]]] = {
    let names = [
      "password", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "apikey", "accesskey", "secretkey", "privatekey",
      "signingkey", "encryptionkey", "authorization", "cookie", "credential", "credentials",
    ]
    return Dictionary(grouping: names.map { Array($0.utf8.reversed()) }, by: { $0[0] })
  }()

  static func isSecret(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { isSecret($0[...]) }
  }

  static func isSecret(_ name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    guard let last = name.last else { return false }
    guard canEnd(in: last), let endings = endings[last | 0x20] else { return false }
    return endings.contains { hasEnding(name, $0) }
  }

  /// Whether it is a header whose value goes on to the end of the line.
  static func isLine(_ name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    guard let last = name.last else { return false }
    return [lineEndings.0, lineEndings.1].contains { last | 0x20 == $0[0] && hasEnding(name, $0) }
  }

  private static let lineEndings = (Array("authorization".utf8.reversed()), Array("cookie".utf8.reversed()))

  /// Most names end in a letter that no secret ends in.
  static func canEnd(in byte: UInt8) -> Bool {
    switch byte | 0x20 {
    case UInt8(ascii: "d"), UInt8(ascii: "t"), UInt8(ascii: "n"), UInt8(ascii: "y"), UInt8(ascii: "e"), UInt8(ascii: "l"),
      UInt8(ascii: "s"):
      true
    default: false
    }
  }

  /// - Parameter reversed: lower-case letters, the last first.
  private static func hasEnding(_ name: Slice<UnsafeBufferPointer<UInt8>>, _ reversed: [UInt8]) -> Bool {
    var place = 0
    var index = name.endIndex
    while index > name.startIndex {
      index -= 1
      let byte = name[index]
      if byte == 0x5F || byte == 0x2D || byte == 0x2E { continue }
      guard byte | 0x20 == reversed[place] else { return false }
      place += 1
      if place == reversed.count { return true }
    }
    return false
  }
}
