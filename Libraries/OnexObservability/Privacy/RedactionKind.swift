/// The kind of secret or personal datum that was found in a text. Its name stands in the place of what was removed.
enum RedactionKind: String, Sendable, CaseIterable {
  /// The value of a name that says it is a secret, or the password in a URL or a command line.
  case secret
  case bearer
  /// A JSON web token (RFC 7519).
  case jwt
  case email
  case phone
  /// A payment card number (ISO/IEC 7812) with a valid check digit.
  case card
  /// An account number (ISO 13616) with a valid checksum.
  case iban
  /// A social security number of the United States.
  case ssn
  case awsKey = "aws_key"
  /// A key of a known provider, recognised by its prefix.
  case apiKey = "api_key"
  case privateKey = "private_key"

  static let opening = "[REDACTED:"

  var mark: String { "\(RedactionKind.opening)\(rawValue)]" }
}
