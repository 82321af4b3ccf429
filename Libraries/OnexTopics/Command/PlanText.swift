import OnexCommandLine
import OnexCore

/// Plans and reports as a person reads them.
enum PlanText {
  static func table(_ plan: TopicPlan) -> String {
    var rows = plan.changes.map { [$0.kind.rawValue, $0.topic, $0.summary] }
    rows += rest(plan)
    rows += plan.unmanaged.map { ["unmanaged", $0, "nobody declares it; it is left alone"] }
    return table(rows)
  }

  static func table(_ report: ApplyReport) -> String {
    var rows = report.done.map { [done($0.kind), $0.topic, $0.summary] }
    rows += report.failures.map { ["FAILED", $0.change.topic, "\($0.change.summary): \(TopicErrorText.of($0.error))"] }
    if report.isRefusedByBroker { rows += report.rest.changes.map { ["not done", $0.topic, $0.summary] } }
    rows += report.waiting.map { ["waiting", $0, "a partition has no leader, or the change is not to be seen yet"] }
    return table(rows + rest(report.rest))
  }

  private static func rest(_ plan: TopicPlan) -> [[String]] {
    plan.refusals.map { ["refused", $0.topic, $0.message] }
      + plan.unreadable.sorted { $0.key < $1.key }.map { ["unreadable", $0.key, TopicErrorText.of($0.value)] }
  }

  private static func table(_ rows: [[String]]) -> String {
    guard !rows.isEmpty else { return "" }
    var table = TextTable(["ACTION", "TOPIC", "WHAT"])
    for row in rows { table.add(row) }
    return String(table.text.dropLast())
  }

  private static func done(_ kind: TopicChange.Kind) -> String {
    switch kind {
    case .create: "created"
    case .grow: "grown"
    case .configure: "configured"
    }
  }

  static func summary(_ plan: TopicPlan, declared: Int) -> String {
    let counts = TopicChange.Kind.allCases.map { kind in "\(plan.changes.filter { $0.kind == kind }.count) to \(kind.rawValue)" }
    return "\(declared) topics declared: "
      + (counts + ["\(plan.refusals.count) refused", "\(plan.unmanaged.count) unmanaged"])
      .joined(separator: ", ")
  }

  static func summary(_ report: ApplyReport, declared: Int) -> String {
    let end = report.matches ? "the cluster is what is declared" : "the cluster is not what is declared"
    return "\(declared) topics declared: \(report.done.count) changed, \(report.failures.count) failed, "
      + "\(report.rest.refusals.count) refused, \(report.waiting.count) waiting; \(end)"
  }

  /// What a broker that makes topics by itself means, loudly; `nil` when it does not.
  static func warning(_ creation: ClusterState.ImplicitCreation) -> String? {
    switch creation {
    case .enabled:
      "WARNING: the broker makes topics by itself (auto.create.topics.enable=true): a typo makes a topic. Switch it off; "
        + "--strict refuses to work with such a broker."
    case .unknown: "whether the broker makes topics by itself is unknown: it does not tell auto.create.topics.enable"
    case .disabled: nil
    }
  }
}
