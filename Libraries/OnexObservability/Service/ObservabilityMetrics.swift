import OnexCore

/// What the consumer counts (docs/reference/observability.md).
struct ObservabilityMetrics: Sendable {
  let newRows: Counter
  let repeatedRows: Counter
  let bytes: Counter
  let failedInserts: Counter
  let insertDuration: Histogram
  let pending: Gauge
  let assigned: Gauge
  private let batches: [RecordBatch.Trigger: Counter]
  private let deadLetters: [BadRow.Cause: Counter]
  private let registry: MetricRegistry

  init(_ registry: MetricRegistry) {
    self.registry = registry
    let rowsHelp = "Rows that PostgreSQL has taken; repeated ones were there already."
    newRows = registry.counter("onex_observability_rows_total", help: rowsHelp, labels: [("result", "new")])
    repeatedRows = registry.counter("onex_observability_rows_total", help: rowsHelp, labels: [("result", "repeated")])
    bytes = registry.counter("onex_observability_bytes_total", help: "Size of the records that were settled.")
    failedInserts = registry.counter(
      "onex_observability_failed_inserts_total", help: "Inserts that failed for a reason other than their rows.")
    insertDuration = registry.histogram(
      "onex_observability_insert_duration_seconds", help: "One insert of a batch, until it is committed.")
    pending = registry.gauge("onex_observability_pending_records", help: "Records taken from the log and not settled.")
    assigned = registry.gauge("onex_observability_partitions_assigned", help: "Partitions this member works on.")
    batches = Dictionary(
      uniqueKeysWithValues: [.rows, .bytes, .wait, .idle].map { (trigger: RecordBatch.Trigger) in
        let labels: MetricRegistry.Labels = [("trigger", trigger.rawValue)]
        let help = "Batches settled, by what made them due."
        return (trigger, registry.counter("onex_observability_batches_total", help: help, labels: labels))
      })
    deadLetters = Dictionary(
      uniqueKeysWithValues: BadRow.Cause.allCases.map { cause in
        let labels: MetricRegistry.Labels = [("cause", cause.rawValue)]
        let help = "Records that are no rows, by the first thing that was wrong."
        return (cause, registry.counter("onex_observability_dead_letters_total", help: help, labels: labels))
      })
  }

  func inserted(new: Int, repeated: Int) {
    newRows.add(new)
    repeatedRows.add(repeated)
  }

  func settled(_ batch: RecordBatch, bad: [BadRow.Cause]) {
    batches[batch.trigger]?.add()
    bytes.add(batch.records.reduce(0) { $0 + $1.size })
    for cause in bad { deadLetters[cause]?.add() }
  }

  /// Records between what is stored and the end of the log. The label values are bounded by the topics' partitions.
  func lag(_ partition: TopicPartition, _ records: Int64) {
    let labels: MetricRegistry.Labels = [("topic", partition.topic), ("partition", String(partition.partition))]
    registry.gauge("onex_observability_lag_records", help: "Records not settled yet.", labels: labels).set(Int(records))
  }
}
