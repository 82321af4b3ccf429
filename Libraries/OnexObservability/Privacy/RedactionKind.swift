/// What was found in a text; its name stands in the place of what was removed.
enum RedactionKind: String, Sendable, CaseIterable {
  /// The value of something that is called a secret.
  case secret
  case bearer
  /// A JSON web token (RFC 7519).
  case jwt
  case email
  case phone
  case awsKey = "aws_key"
  /// A key of a known provider, told by its prefix.
  case apiKey = "api_key"
  case privateKey = "private_key"

  static let opening = "[REDACTED:"

  var mark: String { "\(RedactionKind.opening)\(rawValue)]" }
}
