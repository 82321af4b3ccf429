import OnexCore

/// What the service counts.
struct TopicMetrics: Sendable {
  let desired: Gauge
  let runs: Counter
  let eventsLost: Counter
  private let changed: [TopicChange.Kind: Counter]
  private let failed: Counter
  private let missing: Gauge
  private let drifted: Gauge
  private let unmanaged: Gauge
  private let implicitCreation: Gauge
  private let lastRun: Gauge

  init(_ metrics: MetricRegistry) {
    desired = metrics.gauge("onex_topics_desired", help: "Topics that the contracts declare.")
    runs = metrics.counter("onex_topics_runs_total", help: "Comparisons of the cluster with the contracts.")
    eventsLost = metrics.counter("onex_topics_events_lost_total", help: "Events about changed topics that were not written.")
    changed = [
      .create: metrics.counter("onex_topics_created_total", help: "Topics made."),
      .grow: metrics.counter("onex_topics_grown_total", help: "Topics that were given partitions."),
      .configure: metrics.counter("onex_topics_configured_total", help: "Topics whose settings were changed."),
    ]
    failed = metrics.counter("onex_topics_failed_total", help: "Changes that the broker refused.")
    missing = metrics.gauge("onex_topics_missing", help: "Declared topics that cannot be used.")
    drifted = metrics.gauge("onex_topics_drifted", help: "Differences that are not changed here.")
    unmanaged = metrics.gauge("onex_topics_unmanaged", help: "Topics of the cluster that nobody declares.")
    implicitCreation = metrics.gauge(
      "onex_topics_broker_creates", help: "1 when the broker makes topics by itself, 0 when not, -1 when it does not tell.")
    lastRun = metrics.gauge("onex_topics_last_run_timestamp_seconds", help: "When the cluster was last looked at.")
  }

  func count(_ report: ApplyReport, at now: Timestamp) {
    for change in report.done { changed[change.kind]?.add() }
    failed.add(report.failures.count)
    missing.set(Set(report.rest.missing + report.rest.leaderless).count)
    drifted.set(report.rest.refusals.count)
    unmanaged.set(report.rest.unmanaged.count)
    switch report.rest.implicitCreation {
    case .enabled: implicitCreation.set(1)
    case .disabled: implicitCreation.set(0)
    case .unknown: implicitCreation.set(-1)
    }
    lastRun.set(Int(now.milliseconds / 1000))
  }
}
