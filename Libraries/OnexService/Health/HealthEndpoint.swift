import OnexCore
import OnexHTTP

/// `/health`, `/ready` and `/metrics` of one process. Answers on the server's own thread from a snapshot, so that a busy or a
/// stuck service still tells how it is.
struct HealthEndpoint: Sendable {
  let version: String
  let runbooks: String
  let serviceName: String
  let state: HealthState
  let metrics: MetricRegistry
  let process: ProcessMetrics
  let ids: any IDSource

  var routes: [HTTPRoute] {
    ["/health", "/healthz", "/livez"].map { path in .get(path) { _ in health() } }
      + ["/ready", "/readyz"].map { path in .get(path) { _ in ready() } }
      + [.get("/metrics") { _ in metricsText() }]
  }

  private func health() -> HTTPServerResponse {
    let document = HealthDocument(snapshot: state.snapshot(), version: version, runbooks: runbooks)
    return .json(document.healthStatus, document.health(correlationID: ids.next()))
  }

  private func ready() -> HTTPServerResponse {
    let document = HealthDocument(snapshot: state.snapshot(), version: version, runbooks: runbooks)
    return .json(document.readyStatus, document.ready())
  }

  private func metricsText() -> HTTPServerResponse {
    metrics.gauge("onex_ready", help: "1 while /ready answers 200.").set(state.isReady ? 1 : 0)
    let labels = [(name: "service", value: serviceName), (name: "version", value: version)]
    metrics.gauge("onex_build_info", help: "Always 1; what runs is in the labels.", labels: labels).set(1)
    return .text(
      200, metrics.prometheusText() + process.prometheusText(), contentType: "text/plain; version=0.0.4; charset=utf-8")
  }
}
