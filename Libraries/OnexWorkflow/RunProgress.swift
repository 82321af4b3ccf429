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

  private mutating func cancel(_ timer: TimerName) { reaction.timers.append(.cancel(name: timer.description)) }

  // MARK: - What came

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
    case .compensating:
      if let error = run.error, error.code == .deadlineExceeded { reaction.answer = .current(.failure(error)) }
    case .failed: if let error = run.error { reaction.answer = .current(.failure(error)) }
    }
  }

  /// An answer counts while its attempt is under way; a later one belongs to an attempt that was given up.
  private func isUnderWay(_ call: CallName) -> Bool {
    guard let step = run.steps[call.step] else { return false }
    return step.state == (call.isCompensation ? .compensating : .running) && step.attempt == call.attempt
  }

  mutating func responded(_ call: CallName, _ result: IntentResult) {
    guard isUnderWay(call) else { return }
    cancel(.timeout(call))
    switch result {
    case .success(let output):
      emit(call.isCompensation ? .compensationSucceeded(call.step) : .stepSucceeded(call.step, output: output))
    case .failure(let error): failed(call, error)
    }
    advance()
  }

  mutating func fired(_ timer: TimerName) {
    switch timer {
    case .timeout(let call):
      guard isUnderWay(call) else { return }
      // A step gets no more time than the run has: then it is the run's time that is over.
      if let deadline = run.deadline, deadline <= now { exceedDeadline() }
      failed(call, ResponseError(.handlerTimeout, "\(call.step) did not answer in time"))
      advance()
    case .retry(let call):
      guard let step = run.steps[call.step], step.attempt + 1 == call.attempt,
        step.state == (call.isCompensation ? .compensationRetrying : .retrying)
      else { return }
      begin(call)
      advance()
    case .deadline:
      exceedDeadline()
      advance()
    }
  }

  /// The client waits no longer; it is told before everything is taken back.
  private mutating func exceedDeadline() {
    guard run.status == .running else { return }
    let error = ResponseError(.deadlineExceeded, "the run was not done by its deadline; what it did is taken back")
    fail(error)
    reaction.answer = .everyone(.failure(error))
  }

  // MARK: - What follows

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
      if let found = run.steps[step.name], found.state == .failed, let error = found.error { return (step.name, error) }
    }
    return nil
  }

  private func stepError(_ step: String, _ error: ResponseError) -> ResponseError {
    ResponseError(
      error.code, "step \(step) failed: \(error.message)",
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
    // Taking back goes on after the deadline: half a run is worse than a late one.
    let end = now + step.timeout
    let due = call.isCompensation ? end : [end, run.deadline].compactMap { $0 }.min() ?? end
    set(.timeout(call), at: due)
    reaction.intents.append(
      Intent(
        name: call.description, operation: request.operation, payload: input.encoded(),
        idempotencyKey: "\(run.id)/\(call.step)\(call.isCompensation ? "/compensation" : "")", deadline: due))
  }

  private mutating func failed(_ call: CallName, _ error: ResponseError) {
    let policy = run.definition[call.step]?.retry ?? .never
    let backoff = policy.backoff(afterAttempt: call.attempt, random: random(call))
    let isWanted = call.isCompensation || run.status == .running
    guard error.isRetryable, isWanted, let backoff else {
      return emit(call.isCompensation ? .compensationFailed(call.step, error) : .stepFailed(call.step, error))
    }
    emit(
      call.isCompensation
        ? .compensationRetrying(call.step, attempt: call.attempt, error)
        : .stepRetrying(call.step, attempt: call.attempt, error))
    set(.retry(CallName(call.step, isCompensation: call.isCompensation, attempt: call.attempt + 1)), at: now + backoff)
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
    if run.deadline != nil { cancel(.deadline) }
    reaction.answer = .everyone(.success(output.encoded()))
  }

  /// From here on the run only takes back what it did.
  private mutating func fail(_ error: ResponseError) {
    emit(.failing(error))
    if run.deadline != nil, error.code != .deadlineExceeded { cancel(.deadline) }
    for step in run.definition.steps where run.steps[step.name]?.state == .retrying {
      cancel(.retry(CallName(step.name, isCompensation: false, attempt: (run.steps[step.name]?.attempt ?? 0) + 1)))
      emit(.stepAbandoned(step.name))
    }
  }

  /// One at a time, the last first; what is still under way may succeed, and is waited for.
  private mutating func compensate() {
    while run.status == .compensating {
      guard !run.steps.values.contains(where: { $0.isUnderWay || $0.state == .compensationRetrying }) else { return }
      let next = run.succeeded.last { run.steps[$0]?.state == .succeeded && run.definition[$0]?.compensation != nil }
      guard let next else { return end() }
      // It may fail at once, for want of an input; then the next one has its turn.
      begin(CallName(next, isCompensation: true, attempt: 1))
    }
  }

  private mutating func end() {
    let error = run.error ?? ResponseError(.internalError, "the run failed without a cause")
    func steps(_ state: StepRun.State) -> JSONValue {
      .array(run.definition.steps.filter { run.steps[$0.name]?.state == state }.map { .string($0.name) })
    }
    var details = error.details?.object ?? JSONObject([("run", .string(run.id))])
    details["compensated"] = steps(.compensated)
    details["compensation_failed"] = steps(.compensationFailed)
    let final = ResponseError(error.code, error.message, details: .object(details), isRetryable: error.isRetryable)
    emit(.failed(final))
    reaction.answer = .everyone(.failure(final))
  }
}
