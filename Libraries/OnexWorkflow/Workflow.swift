import OnexCore
import OnexJSON
import OnexKernel

/// The orchestrator behind every contract with a `workflow` section.
public struct Workflow: Reducer {
  public static let className = "OnexWorkflow.Workflow"
  /// The read model of all runs.
  public static let runs = "workflow_runs"

  /// `nil` where the contract is gone: a run that has begun goes on by the definition in its state.
  private let definition: WorkflowDefinition?

  private init() { definition = nil }

  public static var withoutContract: (any Reducer)? { Workflow() }

  public func owns(_ state: JSONValue) -> Bool { (try? WorkflowRun(json: state)) != nil }

  public init(_ setup: ReducerSetup) throws {
    guard let definition = setup.contract.workflow else {
      throw HandlerError(.handlerUnavailable, "the contract \(setup.contract.name) has no workflow section")
    }
    self.definition = definition
  }

  public func decide(_ state: JSONValue?, _ input: StreamInput, now: Timestamp) throws -> Reaction {
    guard let state else {
      let request: StreamRequest
      switch input {
      case .request(let given): request = given
      case .response: throw Workflow.unasked("there is no such run: it was deleted after its retention, or never began")
      // The run was deleted after its retention.
      case .timer: return Reaction()
      }
      guard let definition else {
        throw HandlerError(.unknownOperation, "no contract answers the operation \(request.operation)")
      }
      var progress = RunProgress(starting: start(request, definition, now), now: now)
      progress.advance()
      return progress.reaction
    }
    var progress = RunProgress(try WorkflowRun(json: state), now: now)
    switch input {
    case .request(let request): progress.repeated(request)
    case .response(let intent, let result):
      guard let call = CallName(intent), progress.run.hasAsked(call) else {
        throw Workflow.unasked("the run has not asked for \(intent.prefix(100))")
      }
      progress.responded(call, result)
    case .timer(let name):
      guard let timer = TimerName(name) else { break }
      progress.fired(timer)
    }
    return progress.reaction
  }

  /// The error for a response to a message that the run never sent. Its record becomes a dead letter.
  private static func unasked(_ reason: String) -> HandlerError {
    HandlerError(.notAllowed, "the response answers no step: \(reason)")
  }

  private func start(_ request: StreamRequest, _ definition: WorkflowDefinition, _ now: Timestamp) -> WorkflowRun {
    let own = definition.deadline.map { now + $0 }
    let deadline = [own, request.deadline].compactMap { $0 }.min()
    return WorkflowRun(
      id: request.stream.key, operation: request.operation, definition: definition, digest: request.digest.uuid.description,
      correlationID: request.correlationID.description, input: request.payload, startedAt: now, deadline: deadline)
  }

  public func evolve(_ state: JSONValue?, _ event: StreamEvent) throws -> JSONValue {
    let known = try WorkflowEvent(event)
    guard let state else {
      guard case .started(let run) = known else { throw MalformedRun("a run begins with \(event.type)") }
      return run.json
    }
    var run = try WorkflowRun(json: state)
    if case .started = known { throw MalformedRun("a run starts once") }
    run.apply(known, at: event.time)
    return run.json
  }

  /// A run that has answered is over, except that one that answered at its deadline goes on to take back what it did.
  public func settle(
    _ state: JSONValue, _ answer: ResponseEnvelope.Outcome, now: Timestamp
  ) throws -> (events: [NewEvent], isClosed: Bool) {
    guard !(try WorkflowRun(json: state).status.isEnded) else { return ([], true) }
    switch answer {
    case .success(let payload): return ([WorkflowEvent.succeeded(output: try JSONValue.parse(payload)).journaled], true)
    case .failure(let error) where error.code == .deadlineExceeded: return ([], false)
    case .failure(let error): return ([WorkflowEvent.failed(error).journaled], true)
    }
  }

  public func project(_ stream: StreamName, _ state: JSONValue, _ event: StreamEvent) throws -> [ProjectionChange] {
    guard event.type.hasPrefix("workflow.") else { return [] }
    let run = try WorkflowRun(json: state)
    let value: JSONValue = .object(
      JSONObject([
        ("handler", .string(stream.handler)), ("operation", .string(run.operation.name)),
        ("status", .string(run.status.rawValue)), ("started_at", .string(run.startedAt.rfc3339)),
        ("ended_at", run.endedAt.map { .string($0.rfc3339) } ?? .null), ("correlation_id", .string(run.correlationID)),
        ("error", run.error.map { .string($0.code.rawValue) } ?? .null),
      ]))
    return [ProjectionChange(projection: Workflow.runs, key: stream.key, value: value.encoded())]
  }
}
