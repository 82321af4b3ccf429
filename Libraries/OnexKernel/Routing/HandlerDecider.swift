import OnexCore
import OnexJSON

/// Decides requests for a role that runs handlers (`runtime-effects`, `runtime-worker`).
public final class HandlerDecider: Decider {
  private var decoder: EnvelopeDecoder
  private var parser = JSONParser()
  private let table: HandlerTable
  private let clock: any RuntimeClock
  private let group: String
  private let responseTopic: String
  /// Whether the role records its answers; identities cost a hash of every payload.
  private let remembers: Bool
  private let report: OperationReport
  private var last: Found?

  private struct Found {
    let operation: Operation
    let entry: HandlerTable.Entry?
    /// The instruments of the operation; `nil` when this role does not run it.
    let series: OperationReport.Series?
  }

  package init(
    table: HandlerTable, limits: EnvelopeDecoder.Limits, clock: any RuntimeClock, group: String, responseTopic: String,
    remembers: Bool, report: OperationReport, clusterID: String = ""
  ) {
    self.report = report
    self.decoder = EnvelopeDecoder(limits: limits, cluster: clusterID)
    self.table = table
    self.clock = clock
    self.group = group
    self.responseTopic = responseTopic
    self.remembers = remembers
  }

  public func decide(
    _ record: ConsumedRecord, owner: Int, into batch: inout OutputBatch, isBusy: (Bytes) -> Bool
  ) -> Decision {
    switch decoder.decode(record) {
    case .failure(let rejected):
      batch.reject(rejected, group: group, responseTopic: responseTopic, now: clock.now(), owner: owner)
      return .decided(identity: nil)
    case .success(var envelope):
      envelope.readOrigin()
      return decide(envelope, record, owner, &batch, isBusy)
    }
  }

  private func decide(
    _ envelope: Envelope, _ record: ConsumedRecord, _ owner: Int, _ batch: inout OutputBatch, _ isBusy: (Bytes) -> Bool
  ) -> Decision {
    let start = clock.uptime()
    let found = find(envelope.operation)
    var handler: String?
    let outcome: ResponseEnvelope.Outcome
    if let error = refusal(envelope, found.entry) {
      outcome = .failure(error)
    } else if case .loaded(let operation)? = found.entry {
      handler = operation.contract.name
      if let error = PayloadCheck.input(envelope.payload, operation, &parser) {
        outcome = .failure(error)
      } else if let quick = operation.quick, !isBusy(record.orderingKey(envelope)) {
        outcome = run(quick, operation, envelope)
      } else {
        return .run(HandlerWork(record: record, envelope: envelope, operation: operation))
      }
    } else {
      outcome = .failure(ResponseError(.internalError, "the operation \(envelope.operation) could not be decided"))
    }
    let duration = clock.uptime() - start
    if let series = found.series { report.finished(series, outcome, after: duration, envelope) }
    let response = ResponseEnvelope(
      answering: envelope, handler: handler, duration: duration, timestamp: clock.now(), outcome: outcome)
    batch.respond(response, to: record, topic: responseTopic, owner: owner)
    // Under the message's own id: without a run the key stays free, and another request may be running under it.
    return .decided(identity: remembers ? envelope.ownIdentity : nil)
  }

  /// Requests for one operation tend to follow each other: the last one found is kept.
  private func find(_ operation: Operation) -> Found {
    if let last, last.operation == operation { return last }
    let entry = table[operation]
    let series: OperationReport.Series? = if case .loaded(let loaded)? = entry { report.series(loaded) } else { nil }
    let found = Found(operation: operation, entry: entry, series: series)
    last = found
    return found
  }

  /// Why the request is answered without a handler; `nil` when one may run.
  private func refusal(_ envelope: Envelope, _ entry: HandlerTable.Entry?) -> ResponseError? {
    if let deadline = envelope.deadline, deadline <= clock.now() { return HandlerRunner.deadlineExceeded }
    switch entry {
    case nil:
      return report.notHere(envelope)
    case .failed(let handler, let reason)?:
      return ResponseError(.handlerUnavailable, "the handler \(handler) could not be loaded: \(reason)")
    case .elsewhere(let kind)?:
      return ResponseError(
        .notAllowed, "the operation \(envelope.operation) is of kind \(kind.rawValue), which this role never runs")
    case .loaded(let operation)? where operation.contract.security.requiresAuthentication:
      return HandlerDecider.authenticationMissing(operation.contract)
    case .loaded?:
      return nil
    }
  }

  static func authenticationMissing(_ contract: HandlerContract) -> ResponseError {
    ResponseError(
      .notAllowed, "the contract of \(contract.name) requires authentication, which requests cannot carry yet")
  }

  private func run(_ quick: any ComputeHandler, _ operation: LoadedOperation, _ envelope: Envelope) -> ResponseEnvelope.Outcome {
    do {
      let payload = try quick.compute(envelope.handlerRequest(timeout: operation.timeout, attempt: 1))
      // What comes back as it came in has been checked already.
      if payload.isSameMemory(as: envelope.payload), operation.settings.outputSchema == nil { return .success(payload) }
      if let error = PayloadCheck.output(payload, operation, &parser) { return .failure(error) }
      return .success(payload)
    } catch {
      return .failure(HandlerRunner.responseError(error))
    }
  }
}
