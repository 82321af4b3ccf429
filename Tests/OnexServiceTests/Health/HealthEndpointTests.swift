import OnexCore
import OnexHTTP
import OnexJSON
import Testing

@testable import OnexService

/// The endpoints as a probe meets them, over a socket.
@Suite struct HealthEndpointTests {
  private let state = HealthState()
  private let metrics = MetricRegistry()
  private let server: HTTPServer
  private let client = CurlHTTPClient()

  init() throws {
    let endpoint = HealthEndpoint(
      version: "1.2.3", runbooks: "https://wiki.example.com/onex", serviceName: "probe", state: state, metrics: metrics,
      process: ProcessMetrics(startedAt: Timestamp(microseconds: 1_795_232_934_500_000)), ids: RandomIDSource())
    server = try HTTPServer(host: "127.0.0.1", port: 0, routes: endpoint.routes)
  }

  private func get(_ path: String, _ method: String = "GET") async throws -> HTTPClientResponse {
    try await client.send(HTTPClientRequest(method: method, url: "http://127.0.0.1:\(server.port)\(path)"))
  }

  @Test func reasonsLeadToTheRunbooksWhereTheyAre() async throws {
    state.running()
    state.raise("BROKER_UNREACHABLE", message: "no answer", blocksReadiness: true)
    let ready = try JSONValue.parse(try await get("/ready").body)
    #expect(ready["reasons"]?.array?.first?["runbook"] == "https://wiki.example.com/onex/alerts.md#broker_unreachable")
  }

  @Test(arguments: ["/health", "/healthz", "/livez"])
  func healthFollowsTheStateOnEachPath(path: String) async throws {
    #expect(try await get(path).status == 503)
    state.running()
    let response = try await get(path)
    #expect(response.status == 200)
    #expect(try JSONValue.parse(response.body)["version"] == "1.2.3")
    #expect(response.headers.contains { $0.name.lowercased() == "content-type" && $0.value == "application/json" })
  }

  @Test(arguments: ["/ready", "/readyz"])
  func readinessFollowsTheStateOnEachPath(path: String) async throws {
    #expect(try await get(path).status == 503)
    state.running()
    #expect(try await get(path).status == 200)
    state.draining(inFlight: 3)
    #expect(try JSONValue.parse(await get(path).body)["in_flight"] == 3)
  }

  @Test func eachUnhealthyAnswerHasACorrelationIDOfItsOwn() async throws {
    let first = try JSONValue.parse(await get("/health").body)["correlation_id"]?.string
    let second = try JSONValue.parse(await get("/health").body)["correlation_id"]?.string
    #expect(RawUUID(try #require(first)) != nil)
    #expect(first != second)
  }

  @Test func headHasTheStatusAndNoBody() async throws {
    let response = try await get("/ready", "HEAD")
    #expect(response.status == 503)
    #expect(response.body.isEmpty)
  }

  @Test func metricsAreInPrometheusFormatAndIncludeTheProcess() async throws {
    metrics.counter("onex_probe_total", help: "Probes.").add(7)
    let response = try await get("/metrics")
    let lines = response.body.text.split(separator: "\n")
    #expect(response.headers.contains { $0.value == "text/plain; version=0.0.4; charset=utf-8" })
    #expect(lines.contains("onex_probe_total 7"))
    #expect(lines.contains("onex_ready 0"))
    #expect(lines.contains("onex_build_info{service=\"probe\",version=\"1.2.3\"} 1"))
    #expect(lines.contains("process_start_time_seconds 1795232934.5"))
    for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"] {
      let line = try #require(lines.first { $0.hasPrefix("\(name) ") })
      #expect(Double(line.dropFirst(name.count + 1)) ?? 0 > 0, "\(line)")
    }
  }
}
