import Glibc
import OnexCore
import OnexHTTP
import OnexJSON

/// A service as an operator meets it: a process and its endpoint.
struct RunningService: Sendable {
  static let http = CurlHTTPClient()

  let process: Process
  let port: Int

  /// - Parameters:
  ///   - executable: where it lies, when it is none of the built ones.
  ///   - run: ends the name of the consumer group, so that members which a test kills hold up no other test: a broker waits for
  ///     them until their session is over.
  init(_ name: String, executable: String? = nil, run: String? = nil, settings: [String: String] = [:]) throws {
    port = TestEnvironment.freePort()
    var environment = [
      "KAFKA_BOOTSTRAP_SERVERS": try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS"),
      "ONEX_CONTRACTS_DIR": TestEnvironment.repository + "/contracts", "ONEX_HEALTH_PORT": String(port),
    ]
    // A worker has no database, and must not need one.
    if name != "runtime-worker" { environment["OMNIBASE_INFRA_DB_URL"] = try TestEnvironment.value("OMNIBASE_INFRA_DB_URL") }
    if let run { environment["ONEX_GROUP_ID"] = "\(name)-\(run)" }
    environment.merge(settings) { _, own in own }
    process = try Process(executable ?? name, environment: environment)
  }

  func get(_ path: String) async throws -> (status: Int, body: JSONValue)? {
    let request = HTTPClientRequest(method: "GET", url: "http://127.0.0.1:\(port)\(path)", timeout: .seconds(5))
    guard let response = try? await RunningService.http.send(request) else { return nil }
    return (response.status, try JSONValue.parse(response.body))
  }

  @discardableResult
  func untilReady() async throws -> RunningService {
    _ = try await TestEnvironment.eventually("\(process.logPath) is ready: \(process.output.suffix(500))", within: .seconds(60)) {
      if let code = process.code { throw TestFailure("\(process.logPath) ended with \(code): \(process.output.suffix(800))") }
      return try await get("/ready")?.status == 200 ? true : nil
    }
    return self
  }

  /// Ends it as an operator does.
  func stop() async throws -> Int32 {
    process.signal(SIGTERM)
    return try await process.exitCode(within: .seconds(40))
  }
}
