import Glibc
import OnexCore
import OnexHTTP
import OnexJSON

/// A service as an operator meets it: a process and its endpoint.
package struct RunningService: Sendable {
  package static let http = CurlHTTPClient()

  package let process: Process
  package let port: Int

  /// - Parameters:
  ///   - executable: where it lies, when it is none of the built ones.
  ///   - run: ends the name of the consumer group, so that members which a test kills hold up no other test: a broker waits for
  ///     them until their session is over.
  package init(
    _ name: String, executable: String? = nil, arguments: [String] = [], run: String? = nil, settings: [String: String] = [:]
  ) throws {
    port = TestEnvironment.freePort()
    var environment = [
      "ONEX_CONTRACTS_DIR": TestEnvironment.repository + "/contracts", "ONEX_HEALTH_PORT": String(port),
      "ONEX_DATA_DIR": TestEnvironment.dataFolder, "ONEX_ALLOWED_HOSTS": "127.0.0.1:*,localhost:*",
    ]
    // A worker has no database, and must not need one.
    let servers = ["KAFKA_BOOTSTRAP_SERVERS"] + (name == "runtime-worker" ? [] : ["OMNIBASE_INFRA_DB_URL"])
    for server in servers where settings[server] == nil { environment[server] = try TestEnvironment.value(server) }
    // As the stack's own services.
    let strategy = "KAFKA_PARTITION_ASSIGNMENT_STRATEGY"
    environment[strategy] = TestEnvironment.optional(strategy)
    if let run { environment["ONEX_GROUP_ID"] = "\(name)-\(run)" }
    environment.merge(settings) { _, own in own }
    process = try Process(executable ?? name, arguments, environment: environment)
  }

  package func get(_ path: String) async throws -> (status: Int, body: JSONValue)? {
    let request = HTTPClientRequest(method: "GET", url: "http://127.0.0.1:\(port)\(path)", timeout: .seconds(5))
    guard let response = try? await RunningService.http.send(request) else { return nil }
    return (response.status, try JSONValue.parse(response.body))
  }

  package static func text(_ url: String) async throws -> String {
    try await http.send(HTTPClientRequest(method: "GET", url: url, timeout: .seconds(5))).body.text
  }

  @discardableResult
  package func untilReady(within limit: Duration = .seconds(60)) async throws -> RunningService {
    _ = try await TestEnvironment.eventually("\(process.logPath) is ready: \(process.output.suffix(500))", within: limit) {
      if let code = process.code { throw TestFailure("\(process.logPath) ended with \(code): \(process.output.suffix(800))") }
      return try await get("/ready")?.status == 200 ? true : nil
    }
    return self
  }

  /// Ends it as an operator does.
  package func stop() async throws -> Int32 {
    process.signal(SIGTERM)
    return try await process.exitCode(within: .seconds(40))
  }
}
