import OnexCore
import OnexJSON
import OnexKernel

/// Decides what follows in a run. Pure: it collects a reaction.
struct RunProgress {
  private(set) var run: WorkflowRun
  private(set) var reaction = Reaction()
  private let now: Timestamp

  init(_ run: WorkflowRun, now: Timestamp) {
    self.run = run
    self.now = now
  }

  init(starting run: WorkflowRun, now: Timestamp) {
    self.init(run, now: now)
    reaction.events.append(WorkflowEvent.started(run).journaled)
    if let deadline = run.deadline { set(.deadline, at: deadline) }
  }

  private mutating func emit(_ event: WorkflowEvent) {
    run.apply(event, at: now)
    reaction.events.append(event.journaled)
  }

  private mutating func set(_ timer: TimerName, at time: Timestamp) {
    reaction.timers.append(.set(name: timer.description, at: time))
  }

  /// Cancels the run's deadline while it cannot have fired. What follows from a firing may still have to be published: its timer stays
  /// until then, and firing again it does nothing to a run that has ended.
  private mutating func cancelDeadline() {
    guard let deadline = run.deadline, now + RunProgress.clockSlack < deadline else { return }
    cancel(.deadline)
  }

  /// The clock by which timers fire may be this far from `now`.
  private static let clockSlack = Duration.seconds(5)

  private mutating func cancel(_ timer: TimerName) { reaction.timers.append(.cancel(name: timer.description)) }

  // MARK: - Inputs

  /// The same request again, under another envelope or the same idempotency key.
  mutating func repeated(_ request: StreamRequest) {
    guard request.digest.uuid.description == run.digest else {
      let error = ResponseError(
        .conflict, "the idempotency key was used for another request: operation and payload must be the same each time")
      reaction.answer = .current(.failure(error))
      return
    }
    switch run.status {
    case .running: break
    case .succeeded: reaction.answer = .current(.success((run.output ?? .object(JSONObject())).encoded()))
    // An answer that says what was taken back comes when it has been, unless the deadline is over.
    case .compensating: if isDeadlineOver { reaction.answer = .current(.failure(standing)) }
    case .failed: if let error = run.error { reaction.answer = .current(.failure(error)) }
    }
  }

  private var isDeadlineOver: Bool { run.deadline.map { $0 <= now } ?? false }

  mutating func responded(_ call: CallName, _ result: IntentResult) {
    guard !run.status.isEnded else { return }
    if run.status == .running, isDeadlineOver { exceedDeadline() }
    switch result {
    case .success(let output): succeeded(call, output)
    case .failure(let error): refused(call, error)
    }
    advance()
  }

  /// Takes the success of any attempt: a repeat under the step's key is answered with what the first attempt did.
  private mutating func succeeded(_ call: CallName, _ output: JSONValue) {
    guard let step = run.steps[call.step] else { return }
    if call.isCompensation {
      // Another attempt may have been counted as failed; the work is undone all the same.
      guard [.compensating, .compensationRetrying, .compensationFailed].contains(step.state) else { return }
      cancelTimer(of: step, CallName(call.step, isCompensation: true, attempt: step.attempt))
      emit(.compensationSucceeded(call.step))
    } else {
      guard step.takesSuccess else { return }
      cancelTimer(of: step, CallName(call.step, isCompensation: false, attempt: step.attempt))
      emit(.stepSucceeded(call.step, output: output))
    }
  }

  /// The timer that the step's state waits for.
  private mutating func cancelTimer(of step: StepRun, _ call: CallName) {
    switch step.state {
    case .running, .compensating: cancel(.timeout(call))
    case .retrying, .compensationRetrying: cancel(.retry(call.next))
    case .unknown: if step.isAwaited { cancel(.late(call.step)) }
    case .succeeded, .failed, .abandoned, .compensated, .compensationFailed: break
    }
  }

  private mutating func refused(_ call: CallName, _ error: ResponseError) {
    guard let step = run.steps[call.step] else { return }
    if isUnderWay(call) {
      cancel(.timeout(call))
      return failed(call, error, StepOutcome.evidence(of: error))
    }
    // It says nothing about the other attempts; only that no more is to come of this one.
    guard !call.isCompensation, step.takesSuccess, step.unanswered.contains(call.attempt) else { return }
    emit(.stepAnsweredLate(call.step, attempt: call.attempt))
    if let step = run.steps[call.step], step.isAwaited, step.unanswered.isEmpty {
      cancel(.late(call.step))
      emit(.stepGivenUp(call.step))
    }
  }

  /// The attempt that the step waits for at present.
  private func isUnderWay(_ call: CallName) -> Bool {
    guard let step = run.steps[call.step] else { return false }
    return step.state == (call.isCompensation ? .compensating : .running) && step.attempt == call.attempt
  }

  mutating func fired(_ timer: TimerName) {
    guard !run.status.isEnded else { return }
    // Only the run's own time ends the run, whatever fires first.
    if timer == .deadline || isDeadlineOver { exceedDeadline() }
    switch timer {
    case .timeout(let call):
      guard isUnderWay(call) else { break }
      failed(call, ResponseError(.handlerTimeout, "\(call.step) did not answer in time"), .unanswered)
    case .retry(let call):
      guard let step = run.steps[call.step], step.attempt + 1 == call.attempt,
        step.state == (call.isCompensation ? .compensationRetrying : .retrying)
      else { break }
      begin(call)
    case .late(let step): if run.steps[step]?.isAwaited == true { emit(.stepGivenUp(step)) }
    case .deadline: break
    }
    advance()
  }

  /// Answers at the deadline: the client waits no longer, while compensation goes on.
  private mutating func exceedDeadline() {
    switch run.status {
    case .running: fail(ResponseError(.deadlineExceeded, "the run was not done by its deadline"))
    // It had failed before, and taking back takes longer than there was time.
    case .compensating: break
    case .succeeded, .failed: return
    }
    reaction.answer = .everyone(.failure(standing))
  }

  /// The run's error with what is known by now about its steps.
  private var standing: ResponseError {
    let error = run.error ?? ResponseError(.internalError, "the run failed without a cause")
    func names(_ isMeant: (StepRun) -> Bool) -> [String] {
      run.definition.steps.map(\.name).filter { run.steps[$0].map(isMeant) ?? false }
    }
    func list(_ names: [String]) -> JSONValue { .array(names.map { .string($0) }) }
    var message = error.message
    var details = error.details?.object ?? JSONObject([("run", .string(run.id))])
    details["compensated"] = list(names { $0.state == .compensated })
    details["compensation_failed"] = list(names { $0.state == .compensationFailed })
    // A step under way may be done at this moment, too.
    let unknown = names { $0.isOutcomeUnknown || $0.state == .running }
    if !unknown.isEmpty {
      details["outcome_unknown"] = list(unknown)
      message += "; the outcome of \(unknown.joined(separator: ", ")) is unknown"
    }
    if !run.status.isEnded, isUnfinished { message += "; taking back goes on: onexctl runs show \(run.id)" }
    return ResponseError(error.code, message, details: .object(details), isRetryable: error.isRetryable)
  }

  /// Something is under way or has to be taken back.
  private var isUnfinished: Bool { run.steps.values.contains(where: \.isUnderWay) || nextCompensation != nil }

  // MARK: - Consequences

  /// Starts everything that may start now, and ends the run when nothing is left to do.
  mutating func advance() {
    if run.status == .running { startReady() }
    if run.status == .running, let (step, error) = firstFailure { fail(stepError(step, error)) }
    switch run.status {
    case .running: if run.succeeded.count == run.definition.steps.count { succeed() }
    case .compensating: compensate()
    case .succeeded, .failed: break
    }
    reaction.isClosed = run.status.isEnded
  }

  private mutating func startReady() {
    for step in run.definition.steps where run.steps[step.name] == nil {
      guard step.needs.allSatisfy({ run.steps[$0]?.state == .succeeded }) else { continue }
      begin(CallName(step.name, isCompensation: false, attempt: 1))
    }
  }

  private var firstFailure: (String, ResponseError)? {
    for step in run.definition.steps {
      guard let found = run.steps[step.name], let error = found.error else { continue }
      if found.state == .failed || found.state == .unknown { return (step.name, error) }
    }
    return nil
  }

  /// A handler may say that a deadline is over, by its own clock or its own rules; the run's is over when the run says so.
  private func stepError(_ step: String, _ error: ResponseError) -> ResponseError {
    ResponseError(
      error.code == .deadlineExceeded ? .handlerTimeout : error.code, "step \(step) failed: \(error.message)",
      details: .object(JSONObject([("step", .string(step)), ("run", .string(run.id)), ("cause", error.details ?? .null)])),
      isRetryable: false)
  }

  /// Sends one attempt.
  private mutating func begin(_ call: CallName) {
    guard let step = run.definition[call.step], let request = call.isCompensation ? step.compensation : step.call else { return }
    emit(
      call.isCompensation
        ? .compensationStarted(call.step, attempt: call.attempt) : .stepStarted(call.step, attempt: call.attempt))
    let input: JSONValue
    do {
      input = try request.input.resolved { run.value(of: $0) }
    } catch {
      return failed(call, ResponseError(.schemaViolation, "the input of \(call.step) cannot be made: \(error)"))
    }
    guard input.object != nil else {
      return failed(call, ResponseError(.schemaViolation, "the input of \(call.step) is \(input.typeName); it must be an object"))
    }
    // The limit of one attempt is this timer. It does not travel: a role that met it would record a failure under the step's key,
    // while another attempt may still get the answer. The run's deadline does travel, so that nothing begins after it; taking back
    // goes on after the deadline, since half a run is worse than a late one.
    set(.timeout(call), at: now + step.timeout)
    reaction.intents.append(
      Intent(
        name: call.description, operation: request.operation, payload: input.encoded(),
        idempotencyKey: "\(run.id)/\(call.step)\(call.isCompensation ? "/compensation" : "")",
        deadline: call.isCompensation ? nil : run.deadline,
        // A role works on one message of a step at a time, in their order: an attempt finds the answer of the one before it, and a
        // compensation never overtakes what it takes back.
        order: call.step))
  }

  private mutating func failed(_ call: CallName, _ error: ResponseError, _ evidence: WorkflowEvent.Evidence = .nothingDone) {
    let policy = run.definition[call.step]?.retry ?? .never
    let backoff = policy.backoff(afterAttempt: call.attempt, random: random(call))
    let isWanted = call.isCompensation || run.status == .running
    guard isWanted, StepOutcome.isWorthAsking(error), let backoff else {
      if call.isCompensation { return emit(.compensationFailed(call.step, error)) }
      guard evidence != .nothingDone || run.steps[call.step]?.isOutcomeUnknown == true else {
        return emit(.stepFailed(call.step, error))
      }
      return loseTrack(of: call.step, call.attempt, error, evidence)
    }
    emit(
      call.isCompensation
        ? .compensationRetrying(call.step, attempt: call.attempt, error)
        : .stepRetrying(call.step, attempt: call.attempt, error, evidence))
    set(.retry(call.next), at: now + backoff)
  }

  /// No attempt is left and the step's work may be done. When answers may still come, they are waited for: a success then is taken back
  /// with its output known, and nothing is taken back while it is still being done.
  private mutating func loseTrack(
    of step: String, _ attempt: Int, _ error: ResponseError, _ evidence: WorkflowEvent.Evidence
  ) {
    let mayBeAnswered = evidence == .unanswered || run.steps[step]?.unanswered.isEmpty == false
    let definition = run.definition[step]
    let isAwaited = mayBeAnswered && definition?.compensation != nil
    emit(.stepOutcomeUnknown(step, attempt: attempt, error, evidence, isAwaited: isAwaited))
    if isAwaited { set(.late(step), at: now + max(definition?.timeout ?? .zero, StepOutcome.awaitedMin)) }
  }

  /// Jitter that a replay finds again.
  private func random(_ call: CallName) -> Double {
    guard let namespace = RawUUID(run.id) else { return 0 }
    return Double(RawUUID(namespace: namespace, name: "backoff/\(call)").low >> 11 & 0x3_FFFF_FFFF_FFFF) / 0x1p50
  }

  private mutating func succeed() {
    let output: JSONValue
    do {
      output =
        try run.definition.output?.resolved { run.value(of: $0) }
        ?? .object(JSONObject(run.definition.steps.map { ($0.name, run.steps[$0.name]?.output ?? .null) }))
    } catch {
      fail(ResponseError(.schemaViolation, "the output of the workflow cannot be made: \(error)"))
      return compensate()
    }
    guard output.object != nil else {
      fail(ResponseError(.schemaViolation, "the output of the workflow is \(output.typeName); it must be an object"))
      return compensate()
    }
    emit(.succeeded(output: output))
    cancelDeadline()
    reaction.answer = .everyone(.success(output.encoded()))
  }

  /// From here on the run only takes back what it did.
  private mutating func fail(_ error: ResponseError) {
    emit(.failing(error))
    for step in run.definition.steps {
      guard let found = run.steps[step.name], found.state == .retrying else { continue }
      cancel(.retry(CallName(step.name, isCompensation: false, attempt: found.attempt).next))
      guard found.isOutcomeUnknown, let error = found.error else {
        emit(.stepAbandoned(step.name))
        continue
      }
      loseTrack(of: step.name, found.attempt, error, .nothingDone)
    }
  }

  /// One at a time, the last first. What is still under way may succeed, and is waited for.
  private mutating func compensate() {
    while run.status == .compensating {
      guard !run.steps.values.contains(where: \.isUnderWay) else { return }
      guard let next = nextCompensation else { return end() }
      // It may fail at once, for want of an input; then the next one has its turn.
      begin(CallName(next, isCompensation: true, attempt: 1))
    }
  }

  /// A step whose outcome is unknown did its work last, if at all: it comes before those that succeeded.
  private var nextCompensation: String? {
    func has(_ state: StepRun.State, _ step: String) -> Bool {
      run.steps[step]?.state == state && run.definition[step]?.compensation != nil
    }
    return run.definition.steps.last { has(.unknown, $0.name) }?.name ?? run.succeeded.last { has(.succeeded, $0) }
  }

  private mutating func end() {
    cancelDeadline()
    // A step that cannot be taken back is not waited for: its timer has nothing left to do.
    for definition in run.definition.steps {
      guard let step = run.steps[definition.name] else { continue }
      let isCompensation = step.state == .compensating || step.state == .compensationRetrying
      cancelTimer(of: step, CallName(definition.name, isCompensation: isCompensation, attempt: step.attempt))
    }
    let final = standing
    emit(.failed(final))
    // The deadline may have answered before, and at this very moment; then nobody is left.
    if case .none = reaction.answer { reaction.answer = .everyone(.failure(final)) }
  }
}

/// What the answer to an attempt says about the step's work.
enum StepOutcome {
  /// Late answers are waited for at least this long: the time that an operation has unless its contract says otherwise.
  static let awaitedMin = OperationSettings.defaultTimeout

  /// Codes after which the work may be done: the handler ran, or may have run, and its result was lost.
  static func evidence(of error: ResponseError) -> WorkflowEvent.Evidence {
    switch error.code {
    case .handlerTimeout, .handlerUnavailable, .deadlineExceeded, .indeterminate, .cancelled, .outputTooLarge,
      .storeRejected, .internalError:
      .unknown
    case .invalidEnvelope, .invalidJSON, .payloadTooLarge, .unsupportedVersion, .unknownOperation, .schemaViolation,
      .handlerFailed, .circuitOpen, .notAllowed, .conflict:
      .nothingDone
    }
  }

  /// Another attempt may learn the outcome, or have another one: under the same key it does no work twice.
  static func isWorthAsking(_ error: ResponseError) -> Bool {
    error.isRetryable || error.code == .deadlineExceeded || error.code == .indeterminate
  }
}
