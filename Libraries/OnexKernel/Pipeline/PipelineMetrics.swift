import OnexCore

/// What a pipeline counts.
struct PipelineMetrics: Sendable {
  let consumed: Counter
  let published: Counter
  let deadLetters: Counter
  let settledBatches: Counter
  let fenced: Counter
  let conflicts: Counter
  let timersFired: Counter
  let commitDuration: Histogram
  let assigned: Gauge
  let lag: LagGauges

  init(_ registry: MetricRegistry, group: String) {
    let labels: MetricRegistry.Labels = [("group", group)]
    consumed = registry.counter("onex_records_consumed_total", help: "Records taken from the input topics.", labels: labels)
    published = registry.counter("onex_records_published_total", help: "Records written and acknowledged.", labels: labels)
    deadLetters = registry.counter(
      "onex_dead_letters_total", help: "Records that could not be processed, kept in their dead-letter topic.", labels: labels)
    settledBatches = registry.counter(
      "onex_batches_settled_total", help: "Batches committed, published and marked as done.", labels: labels)
    fenced = registry.counter(
      "onex_lanes_fenced_total", help: "Lanes that another member had claimed when this one wanted to commit.", labels: labels)
    conflicts = registry.counter(
      "onex_commit_conflicts_total", help: "Batches decided anew because a stream had changed meanwhile.", labels: labels)
    timersFired = registry.counter("onex_timers_fired_total", help: "Durable timers whose time had come.", labels: labels)
    commitDuration = registry.histogram(
      "onex_commit_duration_seconds", help: "Time that the store took for a batch that it has answered.", labels: labels)
    assigned = registry.gauge("onex_partitions_assigned", help: "Partitions this member works on.", labels: labels)
    lag = LagGauges(registry, group: group)
  }

  func settled(_ batch: PublishedBatch) {
    settledBatches.add()
    published.add(batch.outputs.count)
    deadLetters.add(batch.outputs.reduce(0) { Topics.isDeadLetters($1.topic) ? $0 + 1 : $0 })
  }
}
