import OnexCore

/// A run keeps the definition that it began with: a contract that changes meanwhile does not change what is under way.
extension WorkflowDefinition {
  var json: JSONValue {
    var object = JSONObject([("steps", .array(steps.map(\.json)))])
    if let deadline { object.append("deadline_us", .integer(deadline.microseconds)) }
    if let output { object.append("output", output.json) }
    return .object(object)
  }

  init(json value: JSONValue) throws(MalformedRun) {
    var steps: [Step] = []
    for step in try value.required("steps").array ?? [] { steps.append(try Step(json: step)) }
    var deadline: Duration?
    if let written = value["deadline_us"] { deadline = try written.span() }
    self.init(
      steps: steps, deadline: deadline,
      output: value["output"].map { WorkflowTemplate($0) })
  }
}

extension WorkflowDefinition.Call {
  fileprivate var json: JSONValue { ["operation": .string(operation.name), "input": input.json] }

  fileprivate init(json value: JSONValue) throws(MalformedRun) {
    guard let operation = Operation(try value.required("operation").text()) else {
      throw MalformedRun("a step names no operation")
    }
    self.init(operation: operation, input: WorkflowTemplate(try value.required("input")))
  }
}

extension WorkflowDefinition.Step {
  fileprivate var json: JSONValue {
    var object = JSONObject([
      ("name", .string(name)), ("call", call.json), ("needs", .array(needs.map { .string($0) })),
      ("timeout_us", .integer(timeout.microseconds)), ("retry", retry.json),
    ])
    if let compensation { object.append("compensation", compensation.json) }
    return .object(object)
  }

  fileprivate init(json value: JSONValue) throws(MalformedRun) {
    var needs: [String] = []
    for need in try value.required("needs").array ?? [] { needs.append(try need.text()) }
    var compensation: WorkflowDefinition.Call?
    if let call = value["compensation"] { compensation = try WorkflowDefinition.Call(json: call) }
    self.init(
      name: try value.required("name").text(), call: try WorkflowDefinition.Call(json: value.required("call")), needs: needs,
      timeout: try value.required("timeout_us").span(),
      retry: try RetryPolicy(json: value.required("retry")), compensation: compensation)
  }
}

extension RetryPolicy {
  fileprivate var json: JSONValue {
    [
      "attempts_max": .integer(attemptsMax), "initial_us": .integer(initialBackoff.microseconds),
      "max_us": .integer(maxBackoff.microseconds), "multiplier": .double(multiplier) ?? 1, "jitter": .double(jitter) ?? 0,
    ]
  }

  fileprivate init(json value: JSONValue) throws(MalformedRun) {
    let attemptsMax = try value.required("attempts_max").whole()
    let multiplier = try value.required("multiplier").double ?? 1
    let jitter = try value.required("jitter").double ?? 0
    guard attemptsMax >= 1, multiplier >= 1, (0...1).contains(jitter) else {
      throw MalformedRun("the retries of a step are outside their ranges")
    }
    self.init(
      attemptsMax: attemptsMax, initialBackoff: try value.required("initial_us").span(),
      maxBackoff: try value.required("max_us").span(), multiplier: multiplier, jitter: jitter)
  }
}

extension JSONValue {
  /// Longer than any contract may say, and short enough to be added to any time.
  private static let spanMicrosecondsMax = 100 * 366 * 86_400_000_000

  /// A time span in microseconds.
  fileprivate func span() throws(MalformedRun) -> Duration {
    let microseconds = try whole()
    guard (0...JSONValue.spanMicrosecondsMax).contains(microseconds) else {
      throw MalformedRun("a time span of \(microseconds) microseconds is none that a contract can have")
    }
    return .microseconds(Int64(microseconds))
  }
}
