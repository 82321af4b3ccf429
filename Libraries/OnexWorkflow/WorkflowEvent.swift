import OnexCore
import OnexKernel

/// The facts of a run. The journal keeps these for ever: a case or a field may be added, none may change its meaning.
enum WorkflowEvent: Sendable, Hashable {
  case started(WorkflowRun)
  case stepStarted(String, attempt: Int)
  /// What an attempt that has not succeeded says about the step's work.
  enum Evidence: String, Sendable {
    /// It has done nothing.
    case nothingDone
    /// It was answered, and its work may be done all the same.
    case unknown
    /// Its time was over before an answer came.
    case unanswered
  }

  case stepRetrying(String, attempt: Int, ResponseError, Evidence)
  case stepSucceeded(String, output: JSONValue)
  case stepFailed(String, ResponseError)
  /// No attempt is left, and the step's work may be done.
  case stepOutcomeUnknown(String, attempt: Int, ResponseError, Evidence, isAwaited: Bool)
  /// An attempt whose time was over has been answered after all, and not with a success.
  case stepAnsweredLate(String, attempt: Int)
  /// The answers of a step whose outcome is unknown are not waited for any longer.
  case stepGivenUp(String)
  case stepAbandoned(String)
  case failing(ResponseError)
  case compensationStarted(String, attempt: Int)
  case compensationRetrying(String, attempt: Int, ResponseError)
  case compensationSucceeded(String)
  case compensationFailed(String, ResponseError)
  case succeeded(output: JSONValue)
  case failed(ResponseError)

  /// What the journal calls it, and what it keeps.
  var journaled: NewEvent {
    switch self {
    case .started(let run): NewEvent("workflow.started", run.startJSON)
    case .stepStarted(let step, let attempt): NewEvent("step.started", ["step": .string(step), "attempt": .integer(attempt)])
    case .stepRetrying(let step, let attempt, let error, let evidence):
      NewEvent("step.retrying", .object(WorkflowEvent.ending(step, attempt, error, evidence)))
    case .stepOutcomeUnknown(let step, let attempt, let error, let evidence, let isAwaited):
      NewEvent(
        "step.outcome_unknown",
        .object(
          {
            var payload = WorkflowEvent.ending(step, attempt, error, evidence)
            payload.append("awaited", .boolean(isAwaited))
            return payload
          }()))
    case .stepAnsweredLate(let step, let attempt):
      NewEvent("step.answered_late", ["step": .string(step), "attempt": .integer(attempt)])
    case .stepGivenUp(let step): NewEvent("step.given_up", ["step": .string(step)])
    case .stepSucceeded(let step, let output): NewEvent("step.succeeded", ["step": .string(step), "output": output])
    case .stepFailed(let step, let error): NewEvent("step.failed", ["step": .string(step), "error": error.workflowJSON])
    case .stepAbandoned(let step): NewEvent("step.abandoned", ["step": .string(step)])
    case .failing(let error): NewEvent("workflow.failing", ["error": error.workflowJSON])
    case .compensationStarted(let step, let attempt):
      NewEvent("compensation.started", ["step": .string(step), "attempt": .integer(attempt)])
    case .compensationRetrying(let step, let attempt, let error):
      NewEvent("compensation.retrying", ["step": .string(step), "attempt": .integer(attempt), "error": error.workflowJSON])
    case .compensationSucceeded(let step): NewEvent("compensation.succeeded", ["step": .string(step)])
    case .compensationFailed(let step, let error):
      NewEvent("compensation.failed", ["step": .string(step), "error": error.workflowJSON])
    case .succeeded(let output): NewEvent("workflow.succeeded", ["output": output])
    case .failed(let error): NewEvent("workflow.failed", ["error": error.workflowJSON])
    }
  }

  private static func ending(_ step: String, _ attempt: Int, _ error: ResponseError, _ evidence: Evidence) -> JSONObject {
    var payload = JSONObject([("step", .string(step)), ("attempt", .integer(attempt)), ("error", error.workflowJSON)])
    if evidence != .nothingDone { payload.append("outcome", .string(evidence.rawValue)) }
    return payload
  }

  /// - Throws: for an event that no version of this program wrote.
  init(_ event: StreamEvent) throws {
    let payload = event.payload
    func step() throws -> String { try payload.required("step").text() }
    func attempt() throws -> Int { try payload.required("attempt").whole() }
    func error() throws -> ResponseError { try ResponseError(workflowJSON: payload.required("error")) }
    func evidence() throws -> Evidence {
      guard let text = payload["outcome"] else { return .nothingDone }
      guard let evidence = Evidence(rawValue: try text.text()) else { throw MalformedRun("a step has an unknown outcome") }
      return evidence
    }
    switch event.type {
    case "workflow.started": self = .started(try WorkflowRun(startJSON: payload, startedAt: event.time))
    case "step.started": self = .stepStarted(try step(), attempt: try attempt())
    case "step.retrying": self = .stepRetrying(try step(), attempt: try attempt(), try error(), try evidence())
    case "step.outcome_unknown":
      let isAwaited = try payload.required("awaited").boolean ?? false
      self = .stepOutcomeUnknown(try step(), attempt: try attempt(), try error(), try evidence(), isAwaited: isAwaited)
    case "step.answered_late": self = .stepAnsweredLate(try step(), attempt: try attempt())
    case "step.given_up": self = .stepGivenUp(try step())
    case "step.succeeded": self = .stepSucceeded(try step(), output: try payload.required("output"))
    case "step.failed": self = .stepFailed(try step(), try error())
    case "step.abandoned": self = .stepAbandoned(try step())
    case "workflow.failing": self = .failing(try error())
    case "compensation.started": self = .compensationStarted(try step(), attempt: try attempt())
    case "compensation.retrying": self = .compensationRetrying(try step(), attempt: try attempt(), try error())
    case "compensation.succeeded": self = .compensationSucceeded(try step())
    case "compensation.failed": self = .compensationFailed(try step(), try error())
    case "workflow.succeeded": self = .succeeded(output: try payload.required("output"))
    case "workflow.failed": self = .failed(try error())
    default: throw MalformedRun("a workflow knows no event \(event.type)")
    }
  }
}

extension WorkflowRun {
  mutating func apply(_ event: WorkflowEvent, at time: Timestamp) {
    switch event {
    // `Workflow.evolve` takes it for a new run alone.
    case .started: break
    case .stepStarted(let step, let attempt):
      var run = steps[step] ?? StepRun(state: .running, attempt: attempt, startedAt: time)
      (run.state, run.attempt) = (.running, attempt)
      steps[step] = run
    case .stepRetrying(let step, let attempt, let error, let evidence):
      change(step) {
        ($0.state, $0.attempt, $0.error) = (.retrying, attempt, error)
        $0.note(evidence, attempt)
      }
    case .stepOutcomeUnknown(let step, let attempt, let error, let evidence, let isAwaited):
      change(step) {
        ($0.state, $0.attempt, $0.error, $0.isAwaited, $0.endedAt) = (.unknown, attempt, error, isAwaited, time)
        $0.note(evidence, attempt)
      }
    case .stepAnsweredLate(let step, let attempt): change(step) { $0.unanswered.removeAll { $0 == attempt } }
    case .stepGivenUp(let step): change(step) { $0.isAwaited = false }
    case .stepSucceeded(let step, let output):
      change(step) {
        ($0.state, $0.output, $0.error, $0.endedAt) = (.succeeded, output, nil, time)
        ($0.isOutcomeUnknown, $0.unanswered, $0.isAwaited) = (false, [], false)
      }
      succeeded.append(step)
    case .stepFailed(let step, let error):
      var run = steps[step] ?? StepRun(state: .failed, attempt: 0, startedAt: time)
      (run.state, run.error, run.endedAt) = (.failed, error, time)
      steps[step] = run
    case .stepAbandoned(let step): change(step) { ($0.state, $0.endedAt) = (.abandoned, time) }
    case .failing(let error):
      (status, self.error) = (.compensating, error)
    case .compensationStarted(let step, let attempt): change(step) { ($0.state, $0.attempt) = (.compensating, attempt) }
    case .compensationRetrying(let step, let attempt, let error):
      change(step) { ($0.state, $0.attempt, $0.error) = (.compensationRetrying, attempt, error) }
    case .compensationSucceeded(let step): change(step) { ($0.state, $0.error, $0.endedAt) = (.compensated, nil, time) }
    case .compensationFailed(let step, let error):
      change(step) { ($0.state, $0.error, $0.endedAt) = (.compensationFailed, error, time) }
    case .succeeded(let output): (status, self.output, endedAt) = (.succeeded, output, time)
    case .failed(let error): (status, self.error, endedAt) = (.failed, error, time)
    }
  }

  private mutating func change(_ step: String, _ body: (inout StepRun) -> Void) {
    guard var run = steps[step] else { return }
    body(&run)
    steps[step] = run
  }
}

extension StepRun {
  fileprivate mutating func note(_ evidence: WorkflowEvent.Evidence, _ attempt: Int) {
    guard evidence != .nothingDone else { return }
    isOutcomeUnknown = true
    if evidence == .unanswered, !unanswered.contains(attempt) { unanswered.append(attempt) }
  }
}
