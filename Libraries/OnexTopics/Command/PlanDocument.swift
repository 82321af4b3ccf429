import OnexCore

/// Plans and reports for machines (docs/reference/topic-manager.md lists the fields).
enum PlanDocument {
  static func of(_ plan: TopicPlan, environment: String) -> JSONValue {
    .object(
      JSONObject([
        ("environment", .string(environment)), ("matches", .boolean(plan.isEmpty)),
        ("auto_create_topics", .string(plan.implicitCreation.rawValue)), ("changes", .array(plan.changes.map(of))),
        ("refused", .array(plan.refusals.map(of))), ("unreadable", unreadable(plan)), ("unmanaged", texts(plan.unmanaged)),
      ]))
  }

  static func of(_ report: ApplyReport, environment: String) -> JSONValue {
    .object(
      JSONObject([
        ("environment", .string(environment)), ("matches", .boolean(report.matches)),
        ("auto_create_topics", .string(report.rest.implicitCreation.rawValue)), ("changed", .array(report.done.map(of))),
        ("failed", .array(report.failures.map(of))), ("outstanding", .array(report.rest.changes.map(of))),
        ("refused", .array(report.rest.refusals.map(of))), ("unreadable", unreadable(report.rest)),
        ("waiting", texts(report.waiting)), ("unmanaged", texts(report.rest.unmanaged)),
      ]))
  }

  static func of(_ change: TopicChange) -> JSONValue {
    var object = JSONObject([("action", .string(change.kind.rawValue)), ("topic", .string(change.topic))])
    let (before, after) = values(change)
    object.append("before", before)
    object.append("after", after)
    return .object(object)
  }

  /// What a change is about, before and after it; before it was made there was no topic.
  static func values(_ change: TopicChange) -> (before: JSONValue, after: JSONValue) {
    switch change {
    case .create(let topic):
      let settings = topic.configuration.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
      let after = JSONObject([
        ("partitions", .integer(topic.partitions)), ("replication_factor", .integer(topic.replicationFactor)),
        ("config", .object(JSONObject(settings))),
      ])
      return (.null, .object(after))
    case .grow(_, let from, let to):
      return (.object(JSONObject([("partitions", .integer(from))])), .object(JSONObject([("partitions", .integer(to))])))
    case .configure(_, let settings):
      let old = JSONObject(settings.map { ($0.name, $0.old.map { .string($0) } ?? .null) })
      let new = JSONObject(settings.map { ($0.name, .string($0.new)) })
      return (.object(JSONObject([("config", .object(old))])), .object(JSONObject([("config", .object(new))])))
    }
  }

  private static func of(_ refusal: TopicRefusal) -> JSONValue {
    .object(
      JSONObject([
        ("topic", .string(refusal.topic)), ("reason", .string(refusal.reason.code)), ("message", .string(refusal.message)),
      ]))
  }

  private static func of(_ failure: ApplyReport.Failure) -> JSONValue {
    .object(
      JSONObject([
        ("action", .string(failure.change.kind.rawValue)), ("topic", .string(failure.change.topic)),
        ("error", .string(failure.error.code.description)), ("message", .string(failure.error.message)),
      ]))
  }

  private static func unreadable(_ plan: TopicPlan) -> JSONValue {
    .array(
      plan.unreadable.sorted { $0.key < $1.key }.map { topic, error in
        .object(
          JSONObject([
            ("topic", .string(topic)), ("error", .string(error.code.description)), ("message", .string(error.message)),
          ]))
      })
  }

  private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
