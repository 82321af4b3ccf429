import Glibc
import OnexCore
import OnexPostgres
import Testing

/// The server that `make test` starts.
enum TestDatabase {
  static func url() throws -> String {
    guard let value = getenv("OMNIBASE_INFRA_DB_URL") else {
      throw MissingServer(variable: "OMNIBASE_INFRA_DB_URL")
    }
    return String(cString: value)
  }

  static func configuration() throws -> PostgresConfiguration { PostgresConfiguration(.connectionString(try url())) }

  static func connect() async throws -> PostgresConnection { try await PostgresConnection.connect(configuration()) }
}

struct MissingServer: Error, CustomStringConvertible {
  let variable: String
  var description: String { "\(variable) is not set: run make test, which starts the servers" }
}

extension TestDatabase {
  /// The address of another database on the same server.
  static func url(database: String) throws -> String {
    let url = try url()
    let query = url.firstIndex(of: "?") ?? url.endIndex
    guard let slash = url[..<query].lastIndex(of: "/") else { return url }
    return url[...slash] + database + url[query...]
  }
}
