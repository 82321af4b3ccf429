import OnexCore
import OnexJSON
import OnexService

/// Runs handlers whose turn has come: attempts, time limits, circuit breaker, concurrency. Always comes back with a response.
public struct HandlerRunner: Sendable {
  /// Why a run did not give a payload, and whether the callee is to blame.
  private enum Failure: Error {
    case handler(ResponseError)
    /// Nobody was called, or the answer says nothing about the callee's state.
    case neutral(ResponseError)
    /// The run ends without an outcome.
    case dropped

    var error: ResponseError {
      switch self {
      case .handler(let error), .neutral(let error): error
      case .dropped: ResponseError(.cancelled, "the run was cancelled")
      }
    }
  }

  private let threads: HandlerThreads
  private let limit: TimeLimit
  private let circuits: CircuitReport
  private let report: OperationReport
  private let context: ServiceContext

  /// - Parameter report: of the role whose handlers run; others share it.
  package init(threads: HandlerThreads, report: OperationReport, context: ServiceContext) {
    self.report = report
    self.threads = threads
    self.limit = TimeLimit(threads: threads, stuck: StuckHandlers(threads, context), clock: context.clock)
    self.circuits = CircuitReport(context)
    self.context = context
  }

  /// Clears what has not happened for long. Called about once a second.
  func clearOld() { report.clearOld() }

  /// Every thread is held by a handler that does not end: nothing can run, and this process must leave its records to another.
  public var isExhausted: Bool { threads.isExhausted }

  /// - Parameter mayCall: asked before each call of the handler.
  /// - Returns: `nil` when `mayCall` drops the run.
  func run(
    _ work: HandlerWork, mayCall: @Sendable () async -> CallPermission = { .call }
  ) async -> ResponseEnvelope? {
    let start = context.clock.uptime()
    guard let outcome = await attempts(work, mayCall) else { return nil }
    let duration = context.clock.uptime() - start
    let contract = work.operation.contract
    report.finished(report.series(work.operation), outcome, after: duration, work.envelope)
    if contract.security.auditLogging { audit(work, outcome, duration) }
    return ResponseEnvelope(
      answering: work.envelope, handler: contract.name, duration: duration, timestamp: context.clock.now(),
      outcome: outcome)
  }

  private func attempts(
    _ work: HandlerWork, _ mayCall: @Sendable () async -> CallPermission
  ) async -> ResponseEnvelope.Outcome? {
    let policy = work.operation.settings.retry
    var attempt = 1
    while true {
      switch await self.attempt(attempt, work, mayCall) {
      case .success(let payload):
        return .success(payload)
      case .failure(.dropped): return nil
      case .failure(let failure):
        let backoff = policy.backoff(afterAttempt: attempt, random: context.ids.nextUnit())
        guard failure.error.isRetryable, let backoff, !outlasts(backoff, work), !Task.isCancelled else {
          return .failure(failure.error)
        }
        try? await context.clock.sleep(for: backoff)
        attempt += 1
      }
    }
  }

  /// Waiting that long would miss the deadline: the error at hand says more than the deadline's.
  private func outlasts(_ backoff: Duration, _ work: HandlerWork) -> Bool {
    work.envelope.deadline.map { context.clock.now() + backoff >= $0 } ?? false
  }

  private func attempt(
    _ attempt: Int, _ work: HandlerWork, _ mayCall: @Sendable () async -> CallPermission
  ) async -> Result<Bytes, Failure> {
    let (operation, target) = (work.operation, work.bulkhead.target)
    let now = context.clock.uptime()
    guard operation.breakers({ $0.permits(target, at: now) }) ?? true else {
      let callee = target.map { " to \($0.text)" } ?? ""
      let message = "the circuit of \(work.envelope.operation)\(callee) is open after repeated failures"
      return .failure(.neutral(ResponseError(.circuitOpen, message)))
    }
    let deadline = work.envelope.deadline.map { now + ($0 - context.clock.now()) }
    guard await operation.gate.enter(target, until: deadline, clock: context.clock) else {
      _ = operation.breakers { $0.abandoned(target) }
      let error =
        Task.isCancelled
        ? ResponseError(.cancelled, "the run was cancelled before it began") : HandlerRunner.deadlineExceeded
      return .failure(.neutral(error))
    }
    let result = await limited(attempt, work, deadline, mayCall)
    operation.gate.leave(target)
    record(result, work)
    return result.flatMap { self.checked($0, operation) }
  }

  /// - Parameter deadline: by the clock's uptime.
  private func limited(
    _ attempt: Int, _ work: HandlerWork, _ deadline: Duration?, _ mayCall: @Sendable () async -> CallPermission
  ) async -> Result<Bytes, Failure> {
    let settings = work.operation.settings
    func left() -> Duration { deadline.map { $0 - context.clock.uptime() } ?? settings.timeout }
    guard left() > .zero else { return .failure(.neutral(HandlerRunner.deadlineExceeded)) }
    switch await mayCall() {
    case .call: break
    case .refuse(let error): return .failure(.neutral(error))
    case .drop: return .failure(.dropped)
    }
    // The store may have taken its time.
    let left = left()
    guard left > .zero else { return .failure(.neutral(HandlerRunner.deadlineExceeded)) }
    // A step of a run is not cut off at the run's deadline: its outcome would be lost, while the run still has to know what to take back.
    let isStep = if case .stream? = ReplyMark(work.envelope.extensions) { true } else { false }
    let time = isStep ? settings.timeout : min(left, settings.timeout)
    let request = work.envelope.handlerRequest(timeout: time, attempt: attempt)
    let handler = work.operation.handler
    let run = HandlerRun(threads, handler: work.operation.contract.name, operation: work.envelope.operation.name)
    switch await limit.run(run, for: settings.timeout, until: isStep ? nil : deadline, { try await handler.handle(request) }) {
    case .returned(let payload): return .success(payload)
    case .threw(let error): return .failure(HandlerRunner.failure(error, hasFullTime: time >= settings.timeout))
    case .cancelled: return .failure(.neutral(ResponseError(.cancelled, "the run was cancelled")))
    // The requester's limit, which the callee need not keep.
    case .deadlinePassed: return .failure(.neutral(HandlerRunner.deadlineExceeded))
    case .timedOut:
      let message = "the handler \(work.operation.contract.name) did not answer within \(Int(settings.timeout.milliseconds)) ms"
      return .failure(.handler(ResponseError(.handlerTimeout, message)))
    }
  }

  /// Says who is to blame for what a handler threw.
  ///
  /// - Parameter hasFullTime: the handler had the contract's time and not only what the deadline left of it.
  private static func failure(_ error: any Error, hasFullTime: Bool) -> Failure {
    let response = responseError(error)
    if let error = error as? HandlerError, error.isCallersLimit { return .neutral(response) }
    return switch response.code {
    // The callee was not called, or its own work was not what failed.
    case .schemaViolation, .notAllowed, .unknownOperation, .cancelled, .deadlineExceeded: .neutral(response)
    case .handlerTimeout where !hasFullTime: .neutral(response)
    // No connection was made, and trying again would not make one: not known to be well, and not a failure that passes.
    case .handlerUnavailable where !response.isRetryable: .neutral(response)
    default: .handler(response)
    }
  }

  private func record(_ result: Result<Bytes, Failure>, _ work: HandlerWork) {
    let (now, target) = (context.clock.uptime(), work.bulkhead.target)
    let change = work.operation.breakers { breakers -> CircuitBreakers.Change? in
      switch result {
      case .success: return breakers.succeeded(target)
      case .failure(.handler(let error)) where error.isRetryable: return breakers.failed(target, at: now)
      // A refusal that another attempt would meet again comes from a callee that is well.
      case .failure(.handler): return breakers.succeeded(target)
      case .failure(.neutral), .failure(.dropped):
        breakers.abandoned(target)
        return nil
      }
    }
    if let change = change ?? nil { circuits.changed(change, work) }
  }

  private func checked(_ payload: Bytes, _ operation: LoadedOperation) -> Result<Bytes, Failure> {
    var parser = JSONParser()
    if let error = PayloadCheck.output(payload, operation, &parser) { return .failure(.handler(error)) }
    return .success(payload)
  }

  private func audit(_ work: HandlerWork, _ outcome: ResponseEnvelope.Outcome, _ duration: Duration) {
    let result = if case .failure(let error) = outcome { error.code.rawValue } else { "success" }
    context.logger.info(
      "handler ran",
      [
        "handler": .string(work.operation.contract.name), "operation": .string(work.envelope.operation.name),
        "envelope_id": .text(work.envelope.envelopeID), "correlation_id": .text(work.envelope.correlationID),
        "result": .string(result), "duration_ms": .double(duration.milliseconds),
      ])
  }

  static let deadlineExceeded = ResponseError(.deadlineExceeded, "the deadline of the request has passed")

  static func responseError(_ error: any Error) -> ResponseError {
    switch error {
    case let error as HandlerError: error.responseError
    case let error as ResponseError: error
    case is CancellationError: ResponseError(.cancelled, "the handler was cancelled")
    default: ResponseError(.handlerFailed, "the handler threw \(type(of: error)): \(error)")
    }
  }
}

extension Envelope {
  func handlerRequest(timeout: Duration, attempt: Int) -> HandlerRequest {
    HandlerRequest(
      operation: operation, payload: payload, envelopeID: envelopeID, correlationID: correlationID,
      idempotencyKey: idempotencyKey, deadline: deadline, timeout: timeout, attempt: attempt)
  }
}

/// Shows circuits in metrics and log. Targets are named in the log only: requesters may choose them without bound.
private struct CircuitReport: Sendable {
  private let context: ServiceContext

  init(_ context: ServiceContext) { self.context = context }

  func changed(_ change: CircuitBreakers.Change, _ work: HandlerWork) {
    let operation = work.envelope.operation.name
    let labels: MetricRegistry.Labels = [("handler", work.operation.contract.name), ("operation", operation)]
    context.metrics.gauge(
      "onex_circuits_open", help: "Callees whose circuit is open or half open.", labels: labels
    ).set(work.operation.breakers { $0.openCount } ?? 0)
    let target = work.bulkhead.target?.text ?? ""
    switch change {
    case .opened:
      context.metrics.counter(
        "onex_circuit_openings_total", help: "Circuits that were opened after repeated failures.", labels: labels
      ).add()
      context.logger.warning("circuit opened", ["operation": .string(operation), "target": .string(target)])
    case .closed: context.logger.info("circuit closed", ["operation": .string(operation), "target": .string(target)])
    }
  }
}
