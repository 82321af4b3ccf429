/// Decides by a name whether its value is a secret: `password`, `client_secret`, `X-Api-Key`, `accessToken`, `DB_PASS`.
///
/// Case and the separators `_`, `-` and `.` make no difference; the end of the name decides.
enum SecretName {
  /// A longer name is read from its end only.
  static let bytesMax = 64

  enum Meaning: Equatable {
    /// The value is one secret.
    case secret
    /// The value is several secrets, or their number: `tokens: 512` counts.
    case secrets
    /// A header whose value goes on to the end of the line: `authorization`, `cookie`.
    case header
    /// A short word with other meanings too: `pass`, `pw`, `sig`. It counts only as a word of its own within the name.
    case short
  }

  private struct Ending {
    /// Lower-case letters, the last first.
    let reversed: [UInt8]
    let meaning: Meaning

    init(_ text: String, _ meaning: Meaning) {
      reversed = text.utf8.reversed()
      self.meaning = meaning
    }
  }

  /// By the last letter, `a` first.
  private static let endings: [[Ending]] = {
    let singular = [
      "password", "passwd", "pswd", "pwd", "passphrase", "passcode", "passwort", "kennwort", "motdepasse", "secret", "token",
      "apikey", "accesskey", "secretkey", "privatekey", "signingkey", "encryptionkey", "accountkey", "sharedkey", "masterkey",
      "sshkey", "authkey", "sessionkey", "storagekey", "subscriptionkey", "functionskey", "credential",
    ]
    let all =
      singular.map { Ending($0, .secret) } + singular.map { Ending($0 + "s", .secrets) }
      + ["amzsignature", "googsignature", "seedphrase", "apitokenvalue"].map { Ending($0, .secret) }
      + ["authorization", "cookie", "cookies"].map { Ending($0, .header) }
      + ["pass", "pw", "sig", "cvv", "cvc", "ssn", "otp"].map { Ending($0, .short) }
    return (0..<26).map { letter in all.filter { $0.reversed[0] == UInt8(97 + letter) } }
  }()

  static func meaning(_ name: String) -> Meaning? {
    var name = name
    return name.withUTF8 { meaning($0[...]) }
  }

  static func meaning(_ name: Slice<UnsafeBufferPointer<UInt8>>) -> Meaning? {
    guard let last = name.last, case let letter = (last | 0x20) &- 97, letter < 26 else { return nil }
    for ending in endings[Int(letter)] {
      guard let start = start(of: ending.reversed, in: name) else { continue }
      if ending.meaning != .short || beginsWord(start, in: name) { return ending.meaning }
    }
    return nil
  }

  private static func start(of reversed: [UInt8], in name: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
    var place = 0
    var index = name.endIndex
    while index > name.startIndex {
      index -= 1
      let byte = name[index]
      if isSeparator(byte) { continue }
      guard byte | 0x20 == reversed[place] else { return nil }
      place += 1
      if place == reversed.count { return index }
    }
    return nil
  }

  private static func isSeparator(_ byte: UInt8) -> Bool { byte == 0x5F || byte == 0x2D || byte == 0x2E }

  /// `DB_PASS`, `db.pass`, `dbPass` and `pass`, but not `compass`.
  private static func beginsWord(_ start: Int, in name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    guard start > name.startIndex else { return true }
    let (before, first) = (name[start - 1], name[start])
    return !TextScanner.isLetter(before) || (before >= 97 && first < 97)
  }
}
