import CPostgres

/// The keyword and value arrays of `PQconnectStartParams`, and what must never show in a message.
struct ConnectionParameters {
  let keywords: [String]
  let values: [String]
  private let secrets: [String]

  init(_ configuration: PostgresConfiguration) throws(PostgresError) {
    // libpq lets later entries win, and expands the connection string where `dbname` stands: what comes before it is a
    // default, what comes after it is meant.
    var pairs = [
      ("fallback_application_name", configuration.applicationName),
      // A server that vanished without a word is noticed within half a minute also while nothing is being sent.
      ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "4"),
    ]
    switch configuration.target {
    case .connectionString(let text):
      secrets = try ConnectionParameters.secrets(of: text)
      pairs.append(("dbname", text))
    case .parts(let host, let port, let user, let password, let database):
      secrets = [password]
      // `dbname` would be expanded if it looked like a connection string; an empty one is none.
      pairs += [("host", host), ("port", String(port)), ("user", user), ("password", password), ("dbname", database)]
    }
    pairs.append(("client_encoding", "UTF8"))
    keywords = pairs.map(\.0)
    values = pairs.map(\.1)
  }

  /// Whether libpq shall look for a connection string in `dbname`.
  static func expandsDatabaseName(_ target: PostgresConfiguration.Target) -> Bool {
    if case .connectionString = target { true } else { false }
  }

  /// `message` without the password, on one line.
  func scrubbed(_ message: String) -> String {
    var text = message
    for secret in secrets where !secret.isEmpty { text = text.replacing(secret, with: "***") }
    return text.split(whereSeparator: \.isNewline).map { trimmed($0) }.joined(separator: "; ")
  }

  private func trimmed(_ line: Substring) -> String {
    String(line.drop { $0 == " " || $0 == "\t" })
  }

  /// The password inside a connection string, as libpq reads it and as it is written.
  private static func secrets(of text: String) throws(PostgresError) -> [String] {
    var error: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(text, &error) else {
      defer { PQfreemem(error) }
      // libpq quotes the string it could not read, password and all: only what stands before the first quote is its own.
      let reason = error.map { String(cString: $0) } ?? "out of memory"
      let safe = reason.prefix { $0 != "\"" && !$0.isNewline }
      throw PostgresError(
        .configuration, "the connection string cannot be read (\(safe)…); allowed: postgresql://user:password@host:port/database")
    }
    defer { PQconninfoFree(options) }
    var found: [String] = []
    var option = options
    while let keyword = option.pointee.keyword {
      if ["password", "sslpassword"].contains(String(cString: keyword)), let value = option.pointee.val {
        found.append(String(cString: value))
      }
      option += 1
    }
    if let written = writtenPassword(of: text) { found.append(written) }
    return found
  }

  /// Between the first colon after `//` and the last `@` of the authority (RFC 3986 section 3.2).
  private static func writtenPassword(of text: String) -> String? {
    guard let scheme = text.firstRange(of: "://") else { return nil }
    let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return nil }
    return String(authority[authority.index(after: colon)..<at])
  }
}
