/// How to reach the database, as configured. Never printed: it holds a password.
public enum PostgresSettings: Sendable {
  /// `OMNIBASE_INFRA_DB_URL`, exactly as given.
  case url(String)
  case parts(host: String, port: Int, user: String, password: String, database: String)

  public init(_ configuration: Configuration) {
    if let url = configuration[CommonSettings.postgresURL] {
      self = .url(url)
    } else {
      self = .parts(
        host: configuration[CommonSettings.postgresHost], port: configuration[CommonSettings.postgresPort],
        user: configuration[CommonSettings.postgresUser], password: configuration[CommonSettings.postgresPassword] ?? "",
        database: configuration[CommonSettings.postgresDatabase])
    }
  }

  /// What libpq takes as a connection string. Parts become keywords with quoted values (PostgreSQL documentation, section
  /// "Keyword/Value Connection Strings"), so that any character in a password works.
  public var connectionString: String {
    switch self {
    case .url(let url): url
    case .parts(let host, let port, let user, let password, let database):
      [("host", host), ("port", String(port)), ("user", user), ("password", password), ("dbname", database)]
        .map { "\($0)='\(PostgresSettings.escape($1))'" }.joined(separator: " ")
    }
  }

  private static func escape(_ value: String) -> String {
    var escaped = ""
    for scalar in value.unicodeScalars {
      if scalar == "'" || scalar == "\\" { escaped += "\\" }
      escaped.unicodeScalars.append(scalar)
    }
    return escaped
  }
}

extension CommonSettings {
  /// Accepts what libpq does: a URL, or keywords with values.
  public static let postgresURL = Setting.optionalText(
    "OMNIBASE_INFRA_DB_URL", secret: true, allowed: "postgresql://user:password@host:port/database",
    help: "The database; wins over the POSTGRES_* parts.", check: isPostgresURL)
  public static let postgresHost = Setting.text(
    "POSTGRES_HOST", default: "localhost", allowed: "a host name, an address or the directory of a socket",
    help: "The database's host.")
  public static let postgresPort = Setting.integer(
    "POSTGRES_PORT", default: 5432, range: 1...65535, help: "The database's port.")
  public static let postgresUser = Setting.text("POSTGRES_USER", default: "postgres", help: "The database role.")
  public static let postgresPassword = Setting.optionalText(
    "POSTGRES_PASSWORD", secret: true, help: "The role's password; required unless OMNIBASE_INFRA_DB_URL is set.")
  public static let postgresDatabase = Setting.text("POSTGRES_DB", default: "omnibase_infra", help: "The database's name.")

  public static let isPostgresURL: @Sendable (String) -> Bool = { text in
    text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") || (!text.contains("://") && text.contains("="))
  }
}

extension SettingGroup {
  /// The database; only for services that have one.
  public static let postgres = SettingGroup(
    title: "PostgreSQL",
    settings: [
      CommonSettings.postgresURL, CommonSettings.postgresHost, CommonSettings.postgresPort, CommonSettings.postgresUser,
      CommonSettings.postgresPassword, CommonSettings.postgresDatabase,
    ],
    check: { configuration in
      guard configuration[CommonSettings.postgresURL] == nil, configuration[CommonSettings.postgresPassword] == nil else {
        return []
      }
      return [
        ConfigurationProblem(
          variable: CommonSettings.postgresPassword.name, allowed: "any text; required unless OMNIBASE_INFRA_DB_URL is set")
      ]
    })
}
