import OnexCommandLine
import OnexCore
import OnexJSON
import OnexWorkflow

/// A run as people and machines read it.
struct RunText {
  private let run: WorkflowRun
  private let handler: String
  private let now: Timestamp

  init(_ run: WorkflowRun, handler: String, now: Timestamp) {
    self.run = run
    self.handler = handler
    self.now = now
  }

  private struct Line {
    let name: String
    let state: String
    let duration: String
    let note: String
    let colour: Terminal.Colour?
  }

  func tree(_ terminal: Terminal) -> TerminalText {
    let end = run.endedAt ?? now
    let status = terminal.coloured(run.status.rawValue, RunText.colour(run.status))
    let deadline = run.deadline.map { "  deadline \($0.rfc3339)" } ?? ""
    var lines: [TerminalText] = [
      "run \(run.id)  \(run.operation)  \(status)  \(RunText.words(end - run.startedAt))",
      "handler \(handler)  correlation id \(run.correlationID)  started \(run.startedAt.rfc3339)\(deadline)",
    ]
    let steps = run.definition.steps.map(line)
    let widths = (steps.map(\.name.count).max() ?? 0, steps.map(\.state.count).max() ?? 0, steps.map(\.duration.count).max() ?? 0)
    func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(width - text.count, 0)) }
    for (index, step) in steps.enumerated() {
      let branch = index == steps.count - 1 ? "└─ " : "├─ "
      let state = padded(step.state, widths.1)
      let shown = step.colour.map { terminal.coloured(state, $0) } ?? "\(state)"
      lines.append("\(branch)\(padded(step.name, widths.0))  \(shown)  \(padded(step.duration, widths.2))  \(step.note)")
    }
    if let error = run.error { lines.append("\(error.code.rawValue): \(error.message)") }
    return lines.joined(separator: "\n")
  }

  private func line(_ step: WorkflowDefinition.Step) -> Line {
    let needs = step.needs.isEmpty ? "" : "  after \(step.needs.joined(separator: ", "))"
    guard let done = run.steps[step.name] else {
      return Line(
        name: step.name, state: run.status.isEnded ? "not run" : "waiting", duration: "-", note: "\(step.call.operation)\(needs)",
        colour: .faint)
    }
    let end = done.endedAt ?? (run.status.isEnded ? run.endedAt : nil) ?? now
    let attempt = done.attempt > 1 ? "  attempt \(done.attempt)" : ""
    let error = done.error.map { "  \($0.code.rawValue): \($0.message)" } ?? ""
    let unknown = done.isOutcomeUnknown && done.state != .unknown ? "  outcome unknown" : ""
    return Line(
      name: step.name, state: done.state.rawValue, duration: RunText.words(end - done.startedAt),
      note: "\(step.call.operation)\(needs)\(attempt)\(unknown)\(error)", colour: RunText.colour(done.state))
  }

  private static func words(_ duration: Duration) -> String {
    let milliseconds = duration.milliseconds
    return milliseconds < 10_000 ? "\(Int(milliseconds)) ms" : "\(Int(duration.seconds)) s"
  }

  private static func colour(_ status: WorkflowRun.Status) -> Terminal.Colour {
    switch status {
    case .succeeded: .green
    case .failed: .red
    case .running, .compensating: .yellow
    }
  }

  private static func colour(_ state: StepRun.State) -> Terminal.Colour? {
    switch state {
    case .succeeded: .green
    case .failed, .compensationFailed: .red
    case .running, .retrying, .unknown, .compensating, .compensationRetrying: .yellow
    case .abandoned, .compensated: .faint
    }
  }

  var json: JSONValue {
    let steps = run.definition.steps.map { step -> JSONValue in
      let done = run.steps[step.name]
      return .object(
        JSONObject([
          ("name", .string(step.name)), ("operation", .string(step.call.operation.name)),
          ("needs", .array(step.needs.map { .string($0) })), ("state", .string(done?.state.rawValue ?? "waiting")),
          ("attempt", .integer(done?.attempt ?? 0)), ("started_at", RunText.time(done?.startedAt)),
          ("ended_at", RunText.time(done?.endedAt)), ("error", done?.error.map { .string($0.code.rawValue) } ?? .null),
        ]))
    }
    return .object(
      JSONObject([
        ("id", .string(run.id)), ("handler", .string(handler)), ("operation", .string(run.operation.name)),
        ("status", .string(run.status.rawValue)), ("correlation_id", .string(run.correlationID)),
        ("started_at", RunText.time(run.startedAt)), ("ended_at", RunText.time(run.endedAt)),
        ("error", run.error.map { .string($0.code.rawValue) } ?? .null), ("steps", .array(steps)),
      ]))
  }

  private static func time(_ time: Timestamp?) -> JSONValue { time.map { .string($0.rfc3339) } ?? .null }
}
