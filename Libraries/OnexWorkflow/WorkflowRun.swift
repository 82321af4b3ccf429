import OnexCore
import OnexKernel

/// One run of a workflow: the fold of its events.
public struct WorkflowRun: Sendable, Hashable {
  public enum Status: String, Sendable {
    case running
    /// A step has failed or the deadline is over: what is under way is waited for, then what was done is taken back.
    case compensating
    case succeeded
    case failed

    public var isEnded: Bool { self == .succeeded || self == .failed }
  }

  public let id: String
  public let operation: Operation
  public let definition: WorkflowDefinition
  /// What the request asked for, to tell a repeat from another request under the same key.
  public let digest: String
  public let correlationID: String
  public let input: JSONValue
  public let startedAt: Timestamp
  /// The earlier one of the request's and the workflow's own.
  public let deadline: Timestamp?
  public internal(set) var endedAt: Timestamp?
  public internal(set) var status = Status.running
  /// By name; a step that has not begun is not there.
  public internal(set) var steps: [String: StepRun] = [:]
  /// Steps in the order in which they succeeded; they are taken back in the opposite one.
  public internal(set) var succeeded: [String] = []
  public internal(set) var output: JSONValue?
  public internal(set) var error: ResponseError?

  init(
    id: String, operation: Operation, definition: WorkflowDefinition, digest: String, correlationID: String, input: JSONValue,
    startedAt: Timestamp, deadline: Timestamp?
  ) {
    self.id = id
    self.operation = operation
    self.definition = definition
    self.digest = digest
    self.correlationID = correlationID
    self.input = input
    self.startedAt = startedAt
    self.deadline = deadline
  }

  /// True when the run can have sent a message of this name: its step has begun, and so many attempts there may be.
  func hasAsked(_ call: CallName) -> Bool {
    guard let step = steps[call.step], call.attempt >= 1 else { return false }
    guard call.isCompensation else { return call.attempt <= definition[call.step]?.retry.attemptsMax ?? 0 }
    return step.isTakenBack && call.attempt <= step.attempt
  }

  /// What a reference in a template stands for.
  func value(of root: WorkflowTemplate.Root) -> JSONValue? {
    switch root {
    case .input: input
    case .run: ["id": .string(id), "correlation_id": .string(correlationID)]
    case .step(let name): steps[name]?.output
    }
  }
}

/// One step of a run, with its compensation.
public struct StepRun: Sendable, Hashable {
  public enum State: String, Sendable {
    case running
    /// An attempt has failed; the next one waits for its backoff.
    case retrying
    case succeeded
    /// The step has not done anything, as far as its answers say.
    case failed
    /// The step may have done its work or not: no answer said so, and there are no attempts left. It is compensated.
    case unknown
    /// The run failed before the step could be tried again.
    case abandoned
    case compensating
    case compensationRetrying = "compensation_retrying"
    case compensated
    case compensationFailed = "compensation_failed"
  }

  public var state: State
  /// Of the step, or of its compensation once that has begun; from 1.
  public var attempt: Int
  public let startedAt: Timestamp
  public var endedAt: Timestamp?
  public var output: JSONValue?
  public var error: ResponseError?
  /// An attempt may have done the step's work without an answer that said so. A success answers the question.
  public internal(set) var isOutcomeUnknown = false
  /// Attempts whose time was over before their answer came; it may still come.
  var unanswered: [Int] = []
  /// `state` is `unknown`, and the answers of `unanswered` are waited for before the step is compensated.
  var isAwaited = false

  init(
    state: State, attempt: Int, startedAt: Timestamp, endedAt: Timestamp? = nil, output: JSONValue? = nil,
    error: ResponseError? = nil
  ) {
    self.state = state
    self.attempt = attempt
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.output = output
    self.error = error
  }

  /// Something is still expected to happen before anything else may be taken back.
  var isUnderWay: Bool { state == .running || state == .compensating || state == .compensationRetrying || isAwaited }

  /// Its compensation has begun.
  var isTakenBack: Bool {
    switch state {
    case .compensating, .compensationRetrying, .compensated, .compensationFailed: true
    case .running, .retrying, .succeeded, .failed, .unknown, .abandoned: false
    }
  }

  /// A success of any attempt counts: all attempts carry one idempotency key, so that their work is done once.
  var takesSuccess: Bool { state == .running || state == .retrying || state == .unknown }
}
