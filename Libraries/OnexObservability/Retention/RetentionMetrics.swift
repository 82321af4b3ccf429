import OnexCore

/// What is counted about old rows (docs/reference/observability.md).
struct RetentionMetrics: Sendable {
  let isLeader: Gauge
  let failures: Counter
  private let registry: MetricRegistry

  init(_ registry: MetricRegistry) {
    self.registry = registry
    isLeader = registry.gauge("onex_observability_retention_leader", help: "1: this process removes old rows.")
    failures = registry.counter(
      "onex_observability_retention_failures_total", help: "Attempts to make or remove partitions or rows that failed.")
  }

  func did(_ action: String, _ table: ObservabilityTable, _ count: Int) {
    let labels: MetricRegistry.Labels = [("table", table.name)]
    switch action {
    case "made":
      registry.counter("onex_observability_partitions_made_total", help: "Partitions of coming days.", labels: labels).add(count)
    case "dropped":
      registry.counter("onex_observability_partitions_dropped_total", help: "Partitions past their time.", labels: labels)
        .add(count)
    default:
      registry.counter("onex_observability_expired_rows_total", help: "Rows deleted one by one.", labels: labels).add(count)
    }
  }
}
