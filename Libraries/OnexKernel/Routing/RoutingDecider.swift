import OnexCore
import OnexJSON

/// Decides what `runtime-main` does: requests go to the role that runs their kind of work, and that role's responses become
/// the final ones.
public final class RoutingDecider: Decider {
  private var requests: EnvelopeDecoder
  private var responses = ResponseDecoder()
  private let router: OperationRouter
  private let clock: any RuntimeClock
  private let group: String
  private let topics: RoutingTopics

  public init(
    router: OperationRouter, limits: EnvelopeDecoder.Limits, clock: any RuntimeClock, group: String,
    topics: RoutingTopics
  ) {
    self.requests = EnvelopeDecoder(limits: limits)
    self.router = router
    self.clock = clock
    self.group = group
    self.topics = topics
  }

  public func decide(
    _ record: ConsumedRecord, owner: Int, into batch: inout OutputBatch, isBusy: (Bytes) -> Bool
  ) -> Decision {
    record.source.topic == topics.requests
      ? route(record, owner, &batch) : finish(record, owner, &batch)
  }

  private func route(_ record: ConsumedRecord, _ owner: Int, _ batch: inout OutputBatch) -> Decision {
    switch requests.decode(record) {
    case .failure(let rejected):
      batch.reject(rejected, group: group, responseTopic: topics.responses, now: clock.now(), owner: owner)
      return .decided(identity: nil)
    case .success(let envelope):
      switch destination(envelope) {
      case .success(let topic):
        batch.forward(envelope, of: record, topic: topic, owner: owner)
      case .failure(let error):
        let response = ResponseEnvelope(
          answering: envelope, handler: nil, duration: .zero, timestamp: clock.now(), outcome: .failure(error))
        batch.respond(response, to: record, topic: topics.responses, owner: owner)
      }
      // By its own id also where it has an idempotency key: the role that does the work knows the recorded answer, and can
      // address it to the request that repeats.
      return .decided(identity: RequestIdentity(.envelope(envelope.envelopeID)))
    }
  }

  private func destination(_ envelope: Envelope) -> Result<String, ResponseError> {
    if let deadline = envelope.deadline, deadline <= clock.now() { return .failure(HandlerRunner.deadlineExceeded) }
    guard let route = router.route(envelope.operation) else {
      return .failure(ResponseError(.unknownOperation, "no contract answers the operation \(envelope.operation)"))
    }
    switch route.contract.kind {
    case .effect: return .success(topics.effectRequests)
    case .compute: return .success(topics.workerRequests)
    case .reducer, .orchestrator:
      return .failure(
        ResponseError(
          .handlerUnavailable,
          "the operation \(envelope.operation) needs a \(route.contract.kind.rawValue), which this version does not run yet"))
    }
  }

  private func finish(_ record: ConsumedRecord, _ owner: Int, _ batch: inout OutputBatch) -> Decision {
    switch responses.decode(record) {
    case .failure(let rejected):
      batch.reject(rejected, group: group, responseTopic: nil, now: clock.now(), owner: owner)
      return .decided(identity: nil)
    case .success(let response):
      batch.pass(
        record, value: record.value ?? .empty, topic: topics.responses, id: response.envelopeID,
        correlationID: response.correlationID, owner: owner)
      return .decided(identity: RequestIdentity(.envelope(response.envelopeID)))
    }
  }
}

/// The topics that requests and responses move over.
public struct RoutingTopics: Sendable {
  public var requests = Topics.requests
  public var responses = Topics.responses
  public var effectRequests = Topics.effectRequests
  public var effectResponses = Topics.effectResponses
  public var workerRequests = Topics.workerRequests
  public var workerResponses = Topics.workerResponses

  public init() {}
}
