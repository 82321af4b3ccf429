import OnexCore
import OnexJSON

/// Decides what `runtime-main` does: requests go to the role that runs their kind of work, and that role's responses become
/// the final ones.
public final class RoutingDecider: Decider {
  private var requests: EnvelopeDecoder
  private var responses = ResponseDecoder()
  private var parser = JSONParser()
  private let operations: OperationRouter
  /// For hints about mistyped ones.
  private let names: [String]
  private let streams: StreamRouter?
  /// Whether a request that nobody answers is answered at its deadline: needs a store for its timer.
  private var keepsDeadlines: Bool { streams != nil }
  private let clock: any RuntimeClock
  private let group: String
  private let topics: RoutingTopics
  private let signer: ReplySigner

  /// - Parameter streams: `nil` in a process that keeps none.
  public init(
    operations: OperationRouter, streams: StreamRouter?, limits: EnvelopeDecoder.Limits, clock: any RuntimeClock,
    group: String, topics: RoutingTopics, signer: ReplySigner = ReplySigner(keys: []), clusterID: String = ""
  ) {
    self.requests = EnvelopeDecoder(limits: limits, cluster: clusterID)
    self.operations = operations
    names = operations.routes.map(\.operation)
    self.streams = streams
    self.clock = clock
    self.group = group
    self.topics = topics
    self.signer = signer
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
    case .success(var envelope):
      // A client cannot set the runtime's own fields.
      if RuntimeField.isPresent(in: envelope.extensions) {
        envelope.extensions = RuntimeField.without(envelope.extensions)
        envelope.isComplete = false
      }
      return route(envelope, record, owner, &batch)
    }
  }

  private func route(
    _ envelope: Envelope, _ record: ConsumedRecord, _ owner: Int, _ batch: inout OutputBatch
  ) -> Decision {
    // Also a request with an idempotency key goes by its own id here: the effect role knows the answer that is recorded under the key and
    // addresses it to the request at hand. A computation is repeated, which gives the same; here only another payload is refused.
    let identity = envelope.ownIdentity
    switch destination(envelope, record) {
    case .role(let topic):
      let key = envelope.idempotencyKey != nil && topic == topics.workerRequests ? envelope.requestIdentity : nil
      var forwarded = envelope
      if let origin = RuntimeField.origin(envelope.origin) {
        forwarded.extensions.append(origin)
        forwarded.isComplete = false
      }
      guard let deadline = envelope.deadline, keepsDeadlines else {
        signer.sign(&forwarded)
        batch.forward(forwarded, of: record, topic: topic, owner: owner)
        return key.map { .keyed(identity: identity, key: $0, nil) } ?? .decided(identity: identity)
      }
      let timer = DurableTimer(
        id: envelope.deadlineTimerID, due: deadline, purpose: .deadline, payload: RequestStub(envelope, record).encoded)
      forwarded.extensions.append(ReplyMark.deadline(timer.id).rawField)
      forwarded.isComplete = false
      signer.sign(&forwarded)
      batch.forward(forwarded, of: record, topic: topic, owner: owner)
      return key.map { .keyed(identity: identity, key: $0, .opens(timer)) } ?? .claimed(identity: identity, .opens(timer))
    case .stream(let work): return .react(work)
    case .refused(let error):
      let response = ResponseEnvelope(
        answering: envelope, handler: nil, duration: .zero, timestamp: clock.now(), outcome: .failure(error))
      batch.respond(response, to: record, topic: topics.responses, owner: owner)
      return .decided(identity: identity)
    }
  }

  private enum Destination {
    case role(String)
    case stream(StreamWork)
    case refused(ResponseError)
  }

  private func destination(_ envelope: Envelope, _ record: ConsumedRecord) -> Destination {
    if let deadline = envelope.deadline, deadline <= clock.now() { return .refused(HandlerRunner.deadlineExceeded) }
    guard let route = operations.route(envelope.operation) else {
      let hint = NearestName.suggestion(for: envelope.operation.name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
      return .refused(ResponseError(.unknownOperation, "no contract answers the operation \(envelope.operation)\(hint)"))
    }
    switch route.contract.kind {
    case .effect: return .role(topics.effectRequests)
    case .compute: return .role(topics.workerRequests)
    case .reducer, .orchestrator: return stream(envelope, record, route)
    }
  }

  private func stream(_ envelope: Envelope, _ record: ConsumedRecord, _ route: OperationRoute) -> Destination {
    guard let streams else {
      return .refused(ResponseError(.handlerUnavailable, "this process keeps no streams"))
    }
    if route.contract.security.requiresAuthentication { return .refused(HandlerDecider.authenticationMissing(route.contract)) }
    let payload: JSONValue
    do {
      payload = try parser.parse(envelope.payload)
    } catch {
      return .refused(ResponseError(.schemaViolation, "payload: \(error)"))
    }
    if let error = PayloadCheck.input(payload, route.settings.inputSchema) { return .refused(error) }
    switch streams.work(envelope, payload, record, route.contract) {
    case .success(let work): return .stream(work)
    case .failure(let error): return .refused(error)
    }
  }

  private func finish(_ record: ConsumedRecord, _ owner: Int, _ batch: inout OutputBatch) -> Decision {
    switch responses.decode(record) {
    case .failure(let rejected):
      batch.reject(rejected, group: group, responseTopic: nil, now: clock.now(), owner: owner)
      return .decided(identity: nil)
    case .success(var response):
      guard signer.accepts(response) else { return refuse(response, RoutingDecider.unsigned, record, owner, &batch) }
      let identity = RequestIdentity(.response(response.envelopeID))
      if RuntimeField.isPresent(in: response.extensions) {
        let mark: ReplyMark?
        do {
          mark = try ReplyMark.read(response.extensions)
        } catch {
          return refuse(response, error, record, owner, &batch)
        }
        response.extensions = RuntimeField.without(response.extensions)
        if let mark { return finish(response, mark, identity, record, owner, &batch) }
        batch.respond(response, to: record, topic: topics.responses, owner: owner)
        return .decided(identity: identity)
      }
      batch.pass(
        record, value: record.value ?? .empty, topic: topics.responses, id: response.envelopeID,
        correlationID: response.correlationID, owner: owner)
      return .decided(identity: identity)
    }
  }

  private static let unsigned = ResponseError(
    .notAllowed, "the reply address of this response is not signed with a key of ONEX_REPLY_SIGNING_KEYS")

  /// A response that answers none of this runtime's requests: written by a stranger, or under a key that is not accepted any more.
  private func refuse(
    _ response: ResponseEnvelope, _ error: ResponseError, _ record: ConsumedRecord, _ owner: Int, _ batch: inout OutputBatch
  ) -> Decision {
    batch.reject(
      RejectedRecord(record: record, error: error, identity: response.envelopeID), group: group, responseTopic: nil,
      now: clock.now(), owner: owner)
    return .decided(identity: nil)
  }

  private func finish(
    _ response: ResponseEnvelope, _ mark: ReplyMark, _ identity: RequestIdentity, _ record: ConsumedRecord, _ owner: Int,
    _ batch: inout OutputBatch
  ) -> Decision {
    switch mark {
    case .deadline(let timer):
      batch.respond(response, to: record, topic: topics.responses, owner: owner)
      return .claimed(identity: identity, .response(timer))
    case .final:
      batch.respond(response, to: record, topic: topics.responses, owner: owner)
      return .decided(identity: identity)
    case .stream(let stream, let intent):
      guard let reducer = streams?.reducers.reducer(of: stream) else {
        let reason = streams?.reducers.failure(of: stream.handler) ?? "no contract names it"
        let error = ResponseError(.handlerUnavailable, "the stream \(stream) cannot be folded: \(reason)")
        return refuse(response, error, record, owner, &batch)
      }
      return .react(
        StreamWork(
          stream: stream, reducer: reducer, input: .response(intent: intent, result(response)), identity: identity,
          envelope: nil, correlationID: response.correlationID, causationID: response.envelopeID))
    }
  }

  private func result(_ response: ResponseEnvelope) -> IntentResult {
    switch response.outcome {
    case .failure(let error): return .failure(error)
    case .success(let payload):
      do {
        return .success(try parser.parse(payload))
      } catch {
        // The work is done; only its result is lost.
        return .failure(
          ResponseError(.internalError, "the response's payload cannot be read: \(error)", isRetryable: false))
      }
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
