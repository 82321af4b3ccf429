import OnexCore
import OnexKernel

/// What can happen in a run. The journal keeps these for ever: a case may be added, none may change its meaning.
enum WorkflowEvent: Sendable, Hashable {
  case started(WorkflowRun)
  case stepStarted(String, attempt: Int)
  case stepRetrying(String, attempt: Int, ResponseError)
  case stepSucceeded(String, output: JSONValue)
  case stepFailed(String, ResponseError)
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
    case .stepRetrying(let step, let attempt, let error):
      NewEvent("step.retrying", ["step": .string(step), "attempt": .integer(attempt), "error": error.workflowJSON])
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

  /// - Throws: for an event that no version of this program wrote.
  init(_ event: StreamEvent) throws {
    let payload = event.payload
    func step() throws -> String { try payload.required("step").text() }
    func attempt() throws -> Int { try payload.required("attempt").whole() }
    func error() throws -> ResponseError { try ResponseError(workflowJSON: payload.required("error")) }
    switch event.type {
    case "workflow.started": self = .started(try WorkflowRun(startJSON: payload, startedAt: event.time))
    case "step.started": self = .stepStarted(try step(), attempt: try attempt())
    case "step.retrying": self = .stepRetrying(try step(), attempt: try attempt(), try error())
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
    case .started: preconditionFailure("a run starts once")
    case .stepStarted(let step, let attempt):
      var run = steps[step] ?? StepRun(state: .running, attempt: attempt, startedAt: time)
      (run.state, run.attempt) = (.running, attempt)
      steps[step] = run
    case .stepRetrying(let step, let attempt, let error):
      change(step) { ($0.state, $0.attempt, $0.error) = (.retrying, attempt, error) }
    case .stepSucceeded(let step, let output):
      change(step) { ($0.state, $0.output, $0.error, $0.endedAt) = (.succeeded, output, nil, time) }
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
