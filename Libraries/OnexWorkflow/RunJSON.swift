import OnexCore

/// A run or an event that cannot be read: it was written by another program, or by a newer one.
struct MalformedRun: Error, Sendable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension JSONValue {
  func required(_ name: String) throws(MalformedRun) -> JSONValue {
    guard let value = self[name] else { throw MalformedRun("\(name) is missing in what a workflow has written") }
    return value
  }

  func text() throws(MalformedRun) -> String {
    guard let string else { throw MalformedRun("a text is expected where a workflow has written \(typeName)") }
    return string
  }

  func whole() throws(MalformedRun) -> Int {
    guard let integer else { throw MalformedRun("a whole number is expected where a workflow has written \(typeName)") }
    return Int(integer)
  }
}

extension Timestamp {
  var workflowJSON: JSONValue { .integer(microseconds) }

  /// `nil` for null and for a field that is not there.
  init?(workflowJSON value: JSONValue?) {
    guard let microseconds = value?.integer else { return nil }
    self.init(microseconds: microseconds)
  }
}

extension ResponseError {
  var workflowJSON: JSONValue {
    var object = JSONObject([("code", .string(code.rawValue)), ("message", .string(message))])
    if let details { object.append("details", details) }
    object.append("retryable", .boolean(isRetryable))
    return .object(object)
  }

  init(workflowJSON value: JSONValue) throws(MalformedRun) {
    let code = ErrorCode(rawValue: try value.required("code").text()) ?? .internalError
    self.init(
      code, try value.required("message").text(), details: value["details"], isRetryable: value["retryable"]?.boolean)
  }
}

extension WorkflowRun {
  /// What the first event keeps: everything that follows from the request and from the contract of that time.
  var startJSON: JSONValue {
    .object(
      JSONObject([
        ("id", .string(id)), ("operation", .string(operation.name)), ("digest", .string(digest)),
        ("correlation_id", .string(correlationID)), ("deadline", deadline?.workflowJSON ?? .null),
        ("definition", definition.json), ("input", input),
      ]))
  }

  init(startJSON value: JSONValue, startedAt: Timestamp) throws(MalformedRun) {
    guard let operation = Operation(try value.required("operation").text()) else {
      throw MalformedRun("a run names no operation")
    }
    self.init(
      id: try value.required("id").text(), operation: operation,
      definition: try WorkflowDefinition(json: value.required("definition")), digest: try value.required("digest").text(),
      correlationID: try value.required("correlation_id").text(), input: try value.required("input"), startedAt: startedAt,
      deadline: Timestamp(workflowJSON: value["deadline"]))
  }

  var json: JSONValue {
    let steps = definition.steps.compactMap { step in self.steps[step.name].map { (step.name, $0.json) } }
    return .object(
      JSONObject([
        ("start", startJSON), ("started_at", startedAt.workflowJSON), ("ended_at", endedAt?.workflowJSON ?? .null),
        ("status", .string(status.rawValue)), ("steps", .object(JSONObject(steps))),
        ("succeeded", .array(succeeded.map { .string($0) })), ("output", output ?? .null),
        ("error", error?.workflowJSON ?? .null),
      ]))
  }

  /// - Throws: when the state was not written by a workflow.
  public init(json value: JSONValue) throws {
    guard let startedAt = Timestamp(workflowJSON: value["started_at"]) else { throw MalformedRun("a run has no start") }
    try self.init(startJSON: value.required("start"), startedAt: startedAt)
    endedAt = Timestamp(workflowJSON: value["ended_at"])
    guard let status = Status(rawValue: try value.required("status").text()) else { throw MalformedRun("a run has no status") }
    self.status = status
    for member in try value.required("steps").object?.members ?? [] { steps[member.name] = try StepRun(json: member.value) }
    for name in try value.required("succeeded").array ?? [] { succeeded.append(try name.text()) }
    output = value["output"].flatMap { $0.isNull ? nil : $0 }
    if let error = value["error"], !error.isNull { self.error = try ResponseError(workflowJSON: error) }
  }
}

extension StepRun {
  var json: JSONValue {
    var object = JSONObject([
      ("state", .string(state.rawValue)), ("attempt", .integer(attempt)), ("started_at", startedAt.workflowJSON),
      ("ended_at", endedAt?.workflowJSON ?? .null),
    ])
    if let output { object.append("output", output) }
    if let error { object.append("error", error.workflowJSON) }
    // Left out where they say nothing: the state of a run that an earlier version wrote must come out the same.
    if isOutcomeUnknown { object.append("outcome_unknown", true) }
    if !unanswered.isEmpty { object.append("unanswered", .array(unanswered.map { .integer($0) })) }
    if isAwaited { object.append("awaited", true) }
    return .object(object)
  }

  init(json value: JSONValue) throws(MalformedRun) {
    guard let state = State(rawValue: try value.required("state").text()),
      let startedAt = Timestamp(workflowJSON: value["started_at"])
    else { throw MalformedRun("a step has no state") }
    self.init(
      state: state, attempt: try value.required("attempt").whole(), startedAt: startedAt,
      endedAt: Timestamp(workflowJSON: value["ended_at"]), output: value["output"])
    if let error = value["error"] { self.error = try ResponseError(workflowJSON: error) }
    isOutcomeUnknown = value["outcome_unknown"]?.boolean ?? false
    for attempt in value["unanswered"]?.array ?? [] { unanswered.append(try attempt.whole()) }
    isAwaited = value["awaited"]?.boolean ?? false
  }
}
