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
  private var last: (operation: Operation, entry: HandlerTable.Entry?)?

  public init(
    table: HandlerTable, limits: EnvelopeDecoder.Limits, clock: any RuntimeClock, group: String, responseTopic: String,
    remembers: Bool, clusterID: String = ""
  ) {
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
    let entry = entry(of: envelope.operation)
    var handler: String?
    let outcome: ResponseEnvelope.Outcome
    if let error = refusal(envelope, entry) {
      outcome = .failure(error)
    } else if case .loaded(let operation)? = entry {
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
    let response = ResponseEnvelope(
      answering: envelope, handler: handler, duration: clock.uptime() - start, timestamp: clock.now(), outcome: outcome)
    batch.respond(response, to: record, topic: responseTopic, owner: owner)
    // Under the message's own id: without a run the key stays free, and another request may be running under it.
    return .decided(identity: remembers ? envelope.ownIdentity : nil)
  }

  /// Requests for one operation tend to follow each other: the last one found is kept.
  private func entry(of operation: Operation) -> HandlerTable.Entry? {
    if let last, last.operation == operation { return last.entry }
    let entry = table[operation]
    last = (operation, entry)
    return entry
  }

  /// Why the request is answered without a handler; `nil` when one may run.
  private func refusal(_ envelope: Envelope, _ entry: HandlerTable.Entry?) -> ResponseError? {
    if let deadline = envelope.deadline, deadline <= clock.now() { return HandlerRunner.deadlineExceeded }
    switch entry {
    case nil:
      return ResponseError(.unknownOperation, "no contract answers the operation \(envelope.operation)")
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
