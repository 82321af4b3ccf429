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
  private let context: ServiceContext

  public init(threads: HandlerThreads, context: ServiceContext) {
    self.threads = threads
    self.limit = TimeLimit(threads: threads, clock: context.clock)
    self.context = context
  }

  /// - Parameter mayCall: asked before each call of the handler.
  /// - Returns: `nil` when `mayCall` drops the run.
  func run(
    _ work: HandlerWork, mayCall: @Sendable () async -> CallPermission = { .call }
  ) async -> ResponseEnvelope? {
    let start = context.clock.uptime()
    guard let outcome = await attempts(work, mayCall) else { return nil }
    let duration = context.clock.uptime() - start
    let contract = work.operation.contract
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
    let operation = work.operation
    guard threads.stuck < HandlerThreads.compensationMax else {
      let message = "\(threads.stuck) handlers have not ended after their time; this process must be restarted"
      context.health.raise("HANDLERS_STUCK", message: message, blocksReadiness: true)
      return .failure(.neutral(ResponseError(.handlerUnavailable, message)))
    }
    let now = context.clock.uptime()
    guard operation.breaker({ $0.permits(at: now) }) ?? true else {
      let message = "the circuit of \(operation.contract.name) is open after repeated failures"
      return .failure(.neutral(ResponseError(.circuitOpen, message)))
    }
    guard await operation.gate.enter() else {
      _ = operation.breaker { $0.abandoned() }
      return .failure(.neutral(ResponseError(.cancelled, "the run was cancelled before it began")))
    }
    let result = await limited(attempt, work, mayCall)
    operation.gate.leave()
    record(result, operation)
    return result.flatMap { self.checked($0, operation) }
  }

  private func limited(
    _ attempt: Int, _ work: HandlerWork, _ mayCall: @Sendable () async -> CallPermission
  ) async -> Result<Bytes, Failure> {
    let settings = work.operation.settings
    let left = work.envelope.deadline.map { $0 - context.clock.now() } ?? settings.timeout
    guard left > .zero else { return .failure(.neutral(HandlerRunner.deadlineExceeded)) }
    switch await mayCall() {
    case .call: break
    case .refuse(let error): return .failure(.neutral(error))
    case .drop: return .failure(.dropped)
    }
    // A step of a run is not cut off at the run's deadline: its outcome would be lost, while the run still has to know what to take back.
    let isStep = if case .stream? = ReplyMark(work.envelope.extensions) { true } else { false }
    let time = isStep ? settings.timeout : min(left, settings.timeout)
    let request = work.envelope.handlerRequest(timeout: time, attempt: attempt)
    let handler = work.operation.handler
    switch await limit.run(for: time, { try await handler.handle(request) }) {
    case .returned(let payload): return .success(payload)
    case .threw(let error): return .failure(.handler(HandlerRunner.responseError(error)))
    case .cancelled: return .failure(.neutral(ResponseError(.cancelled, "the run was cancelled")))
    case .timedOut where time < settings.timeout: return .failure(.handler(HandlerRunner.deadlineExceeded))
    case .timedOut:
      let message = "the handler \(work.operation.contract.name) did not answer within \(Int(time.milliseconds)) ms"
      return .failure(.handler(ResponseError(.handlerTimeout, message)))
    }
  }

  private func record(_ result: Result<Bytes, Failure>, _ operation: LoadedOperation) {
    let now = context.clock.uptime()
    _ = operation.breaker { breaker in
      switch result {
      case .success: breaker.succeeded()
      // A refusal that another attempt would meet again comes from a callee that is well.
      case .failure(.handler(let error)) where error.isRetryable: breaker.failed(at: now)
      case .failure(.handler): breaker.succeeded()
      case .failure(.neutral), .failure(.dropped): breaker.abandoned()
      }
    }
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
