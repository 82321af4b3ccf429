import OnexCore

/// What a pipeline counts.
struct PipelineMetrics: Sendable {
  let consumed: Counter
  let published: Counter
  let settledBatches: Counter
  let fenced: Counter
  let assigned: Gauge

  init(_ registry: MetricRegistry, group: String) {
    let labels: MetricRegistry.Labels = [("group", group)]
    consumed = registry.counter("onex_records_consumed_total", help: "Records taken from the input topics.", labels: labels)
    published = registry.counter("onex_records_published_total", help: "Records written and acknowledged.", labels: labels)
    settledBatches = registry.counter(
      "onex_batches_settled_total", help: "Batches committed, published and marked as done.", labels: labels)
    fenced = registry.counter(
      "onex_lanes_fenced_total", help: "Lanes that another member had claimed when this one wanted to commit.", labels: labels)
    assigned = registry.gauge("onex_partitions_assigned", help: "Partitions this member works on.", labels: labels)
  }

  func settled(_ settlements: [Settlement]) {
    settledBatches.add()
    published.add(settlements.reduce(0) { $0 + $1.outputs.count })
  }
}
