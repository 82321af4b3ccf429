import OnexCore

/// What `/health` shows of the last look at the cluster, as `details.topics`.
enum TopicHealthDetail {
  /// Enough to see what is going on; the plan shows all.
  private static let elementsMax = 20

  static func of(_ report: ApplyReport, _ desired: DesiredTopics, at now: Timestamp) -> JSONValue {
    let drift = report.rest.refusals.map { "\($0.topic) \($0.message)" }
    let failures = report.failures.map { "\($0.change.topic): \($0.error)" }
    return .object(
      JSONObject([
        ("last_run", .string(now.rfc3339)), ("matches", .boolean(report.matches)), ("desired", .integer(desired.topics.count)),
        ("overlay", desired.overlayFile.map { .string($0) } ?? .null), ("changed", .integer(report.done.count)),
        ("drift", list(drift)), ("failures", list(failures)), ("unmanaged", .integer(report.rest.unmanaged.count)),
        ("auto_create_topics", .string(report.rest.implicitCreation.rawValue)),
      ]))
  }

  private static func list(_ texts: [String]) -> JSONValue {
    let more = texts.count > elementsMax ? ["and \(texts.count - elementsMax) more"] : []
    return .array((texts.prefix(elementsMax) + more).map { .string($0) })
  }
}
