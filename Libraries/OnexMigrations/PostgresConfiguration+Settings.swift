import OnexPostgres
import OnexService

extension PostgresConfiguration {
  /// The database as configured.
  public init(_ settings: PostgresSettings, applicationName: String) {
    let target: Target =
      switch settings {
      case .url(let url): .connectionString(url)
      case .parts(let host, let port, let user, let password, let database):
        .parts(host: host, port: port, user: user, password: password, database: database)
      }
    self.init(target, applicationName: applicationName)
  }
}
