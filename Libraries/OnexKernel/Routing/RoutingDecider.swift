import OnexCore
import OnexJSON

/// Decides what `runtime-main` does: requests go to the role that runs their kind of work, and that role's responses become
/// the final ones.
public final class RoutingDecider: Decider {
  private var requests: EnvelopeDecoder
  private var responses = ResponseDecoder()
  private var parser = JSONParser()
  private let operations: OperationRouter
  private let streams: StreamRouter?
  /// Whether a request that nobody answers is answered at its deadline: needs a store for its timer.
  private var keepsDeadlines: Bool { streams != nil }
  private let clock: any RuntimeClock
  private let group: String
  private let topics: RoutingTopics

  /// - Parameter streams: `nil` in a process that keeps none.
  public init(
    operations: OperationRouter, streams: StreamRouter?, limits: EnvelopeDecoder.Limits, clock: any RuntimeClock,
    group: String, topics: RoutingTopics
  ) {
    self.requests = EnvelopeDecoder(limits: limits)
    self.operations = operations
    self.streams = streams
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
    case .success(var envelope):
      // Where an answer belongs is for the runtime to say.
      if !envelope.extensions.isEmpty, ReplyMark.isPresent(in: envelope.extensions) {
        envelope.extensions = ReplyMark.without(envelope.extensions)
        envelope.isComplete = false
      }
      return route(envelope, record, owner, &batch)
    }
  }

  private func route(
    _ envelope: Envelope, _ record: ConsumedRecord, _ owner: Int, _ batch: inout OutputBatch
  ) -> Decision {
    // By its own id also where it has an idempotency key: the role of effects knows the recorded answer, and can address it to the
    // request that repeats. A computation is done again, which gives the same; only that the key stands for no other is seen to here.
    let identity = RequestIdentity(.envelope(envelope.envelopeID))
    switch destination(envelope, record) {
    case .role(let topic):
      let key = envelope.idempotencyKey != nil && topic == topics.workerRequests ? envelope.requestIdentity : nil
      guard let deadline = envelope.deadline, keepsDeadlines else {
        batch.forward(envelope, of: record, topic: topic, owner: owner)
        return key.map { .keyed(identity: identity, key: $0, nil) } ?? .decided(identity: identity)
      }
      var marked = envelope
      marked.extensions.append(ReplyMark.deadline.rawField)
      marked.isComplete = false
      batch.forward(marked, of: record, topic: topic, owner: owner)
      let timer = DurableTimer(
        id: RoutingDecider.deadlineID(envelope.envelopeID), due: deadline, purpose: .deadline,
        payload: RequestStub(envelope, record).encoded)
      return key.map { .keyed(identity: identity, key: $0, .opens(timer)) } ?? .claimed(identity: identity, .opens(timer))
    case .stream(let work): return .react(work)
    case .refused(let error):
      let response = ResponseEnvelope(
        answering: envelope, handler: nil, duration: .zero, timestamp: clock.now(), outcome: .failure(error))
      batch.respond(response, to: record, topic: topics.responses, owner: owner)
      return .decided(identity: identity)
    }
  }

  /// The timer of a request's deadline.
  private static func deadlineID(_ request: EnvelopeID) -> RawUUID { request.derived("deadline", as: EnvelopeSubject.self).uuid }

  private enum Destination {
    case role(String)
    case stream(StreamWork)
    case refused(ResponseError)
  }

  private func destination(_ envelope: Envelope, _ record: ConsumedRecord) -> Destination {
    if let deadline = envelope.deadline, deadline <= clock.now() { return .refused(HandlerRunner.deadlineExceeded) }
    guard let route = operations.route(envelope.operation) else {
      return .refused(ResponseError(.unknownOperation, "no contract answers the operation \(envelope.operation)"))
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
      let identity = RequestIdentity(.envelope(response.envelopeID))
      if !response.extensions.isEmpty, let mark = ReplyMark(response.extensions) {
        response.extensions = ReplyMark.without(response.extensions)
        return finish(response, mark, identity, record, owner, &batch)
      }
      batch.pass(
        record, value: record.value ?? .empty, topic: topics.responses, id: response.envelopeID,
        correlationID: response.correlationID, owner: owner)
      return .decided(identity: identity)
    }
  }

  private func finish(
    _ response: ResponseEnvelope, _ mark: ReplyMark, _ identity: RequestIdentity, _ record: ConsumedRecord, _ owner: Int,
    _ batch: inout OutputBatch
  ) -> Decision {
    switch mark {
    case .deadline:
      batch.respond(response, to: record, topic: topics.responses, owner: owner)
      guard let request = response.causationID else { return .decided(identity: identity) }
      return .claimed(identity: identity, .response(RoutingDecider.deadlineID(request)))
    case .stream(let stream, let intent):
      guard let reducer = streams?.reducers.reducer(of: stream) else {
        let reason = streams?.reducers.failure(of: stream.handler) ?? "no contract names it"
        let error = ResponseError(.handlerUnavailable, "the stream \(stream) cannot be folded: \(reason)")
        let rejected = RejectedRecord(record: record, error: error, identity: response.envelopeID)
        batch.reject(rejected, group: group, responseTopic: nil, now: clock.now(), owner: owner)
        return .decided(identity: nil)
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
