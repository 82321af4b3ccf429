import OnexCore

/// What the consumer counts (docs/reference/observability.md).
struct ObservabilityMetrics: Sendable {
  /// What happens to a batch, one after the other.
  enum Phase: String, CaseIterable {
    case wait, decode, insert
    case deadLetters = "dead_letters"
  }

  let newRows: Counter
  let repeatedRows: Counter
  let bytes: Counter
  let failedInserts: Counter
  let cutLetters: Counter
  let droppedLetters: Counter
  let pending: Gauge
  let assigned: Gauge
  private let durations: [Phase: Histogram]
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
    cutLetters = registry.counter(
      "onex_observability_dead_letters_cut_total", help: "Dead letters cut because their topic takes no record of their size.")
    droppedLetters = registry.counter(
      "onex_observability_dead_letters_dropped_total",
      help: "Dead letters too large for their topic even when cut; the log has them.")
    durations = Dictionary(
      uniqueKeysWithValues: Phase.allCases.map { phase in
        let help = "A batch's first record waiting, its rows decoded, one insert until it is committed, its dead letters written."
        let labels: MetricRegistry.Labels = [("phase", phase.rawValue)]
        return (phase, registry.histogram("onex_observability_phase_duration_seconds", help: help, labels: labels))
      })
    pending = registry.gauge("onex_observability_pending_records", help: "Records taken from the log and not settled.")
    assigned = registry.gauge("onex_observability_partitions_assigned", help: "Partitions this member works on.")
    batches = Dictionary(
      uniqueKeysWithValues: RecordBatch.Trigger.allCases.map { trigger in
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
    bytes.add(batch.bytes)
    took(.wait, batch.waited)
    for cause in bad { deadLetters[cause]?.add() }
  }

  func took(_ phase: Phase, _ duration: Duration) { durations[phase]?.record(duration) }

  /// Records that were deleted before they were read. The label values are bounded by the topics' partitions.
  func skipped(_ partition: TopicPartition, _ count: Int64) {
    let labels: MetricRegistry.Labels = [("topic", partition.topic), ("partition", String(partition.partition))]
    let help = "Records deleted by the broker before they were read."
    registry.counter("onex_observability_records_skipped_total", help: help, labels: labels).add(Int(clamping: count))
  }

  /// Records between what is stored and the end of the log. The label values are bounded by the topics' partitions.
  func lag(_ partition: TopicPartition, _ records: Int64) {
    let labels: MetricRegistry.Labels = [("topic", partition.topic), ("partition", String(partition.partition))]
    registry.gauge("onex_observability_lag_records", help: "Records not settled yet.", labels: labels).set(Int(records))
  }

  /// How long ago the oldest record that is not settled was written to its partition; 0 when there is none.
  func age(_ partition: TopicPartition, _ age: Duration) {
    let labels: MetricRegistry.Labels = [("topic", partition.topic), ("partition", String(partition.partition))]
    let help = "Age of the oldest record that was taken and is not settled."
    registry.gauge("onex_observability_oldest_pending_seconds", help: help, labels: labels).set(Int(age.microseconds / 1_000_000))
  }
}
