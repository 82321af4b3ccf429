import OnexCore
import OnexJSON

/// A restored database beside the topics, which have gone on since its dump. Finds which of its deadlines and open requests were answered
/// meanwhile, which deadlines it has lost, and which requests. Pure.
///
/// Feed `forwarded` with the requests to the roles, then `requested` with those of clients, then `answered` with the final responses: what
/// the later topics say takes back what the earlier ones found. Memory grows with the requests since the dump, not with the topics.
public struct Reconciliation: ~Copyable {
  /// A request's answer as a client has it.
  public struct Answer: Sendable {
    public let request: EnvelopeID
    public let outcome: ResponseEnvelope.Outcome
  }

  private let pending: Set<RawUUID>
  private let open: [EnvelopeID: StreamName]
  private let since: Timestamp
  private let requestTopic: String
  private var requests: EnvelopeDecoder
  private var responses = ResponseDecoder()

  /// Timers of the dump whose requests are answered.
  public private(set) var answeredTimers: Set<RawUUID> = []
  /// Deadlines of requests that were forwarded after the dump and are not answered.
  public private(set) var lostTimers: [RawUUID: DurableTimer] = [:]
  /// The first answer to each open request of a stream.
  public private(set) var answers: [StreamName: [Answer]] = [:]
  /// Requests that were consumed after the dump, were not forwarded and have no answer: their records have to be sent again.
  public private(set) var lostRequests: [EnvelopeID: CorrelationID] = [:]
  public private(set) var responsesRead = 0

  private static let limits: EnvelopeDecoder.Limits = {
    var limits = EnvelopeDecoder.Limits()
    limits.payloadBytesMax = 64 << 20
    return limits
  }()

  private var forwardedRequests: Set<EnvelopeID> = []
  private var answeredRequests: Set<EnvelopeID> = []

  /// - Parameters:
  ///   - pending: the deadlines of requests that the database holds.
  ///   - open: requests that wait for the answer of a stream.
  ///   - since: a moment before the dump; older records of requests are in the database.
  ///   - requestTopic: the topic of clients' requests, which the stubs of deadlines name.
  ///   - cluster: the broker's cluster id; empty where it has none.
  public init(
    pending: Set<RawUUID>, open: [EnvelopeID: StreamName], since: Timestamp, requestTopic: String, cluster: String = ""
  ) {
    requests = EnvelopeDecoder(limits: Reconciliation.limits, cluster: cluster)
    self.pending = pending
    self.open = open
    self.since = since
    self.requestTopic = requestTopic
  }

  private func isNew(_ record: ConsumedRecord) -> Bool { record.timestamp.map { $0 >= since } ?? true }

  /// A record of a topic that requests are forwarded to.
  public mutating func forwarded(_ record: ConsumedRecord) {
    guard isNew(record), case .success(var envelope) = requests.decode(record) else { return }
    envelope.readOrigin()
    forwardedRequests.insert(envelope.envelopeID)
    guard case .deadline(let id)? = ReplyMark(envelope.extensions), let deadline = envelope.deadline else { return }
    guard !pending.contains(id) else { return }
    let origin = ConsumedRecord(
      source: TopicPartition(requestTopic, 0), offset: 0, key: record.key, value: record.value, headers: record.headers,
      timestamp: record.timestamp)
    lostTimers[id] = DurableTimer(
      id: id, due: deadline, purpose: .deadline, payload: RequestStub(envelope, origin).encoded)
  }

  /// A client's request that its group has passed.
  public mutating func requested(_ record: ConsumedRecord) {
    guard isNew(record), case .success(let envelope) = requests.decode(record) else { return }
    guard !forwardedRequests.contains(envelope.envelopeID), open[envelope.envelopeID] == nil else { return }
    lostRequests[envelope.envelopeID] = envelope.correlationID
  }

  /// A final response.
  public mutating func answered(_ record: ConsumedRecord) {
    responsesRead += 1
    guard case .success(let response) = responses.decode(record), let request = response.causationID,
      request.responseIDs.contains(response.envelopeID)
    else { return }
    lostRequests[request] = nil
    for id in request.deadlineTimerIDs {
      lostTimers[id] = nil
      if pending.contains(id) { answeredTimers.insert(id) }
    }
    guard let stream = open[request], answeredRequests.insert(request).inserted else { return }
    answers[stream, default: []].append(Answer(request: request, outcome: response.outcome))
  }
}

extension StreamState {
  /// The requests that wait for an answer of this stream.
  public var openRequests: [EnvelopeID] { open.map(\.id) }
}

/// Makes a restored stream agree with the answers that its clients have.
public struct StreamSettlement: Sendable {
  public let change: StreamChange
  public let projections: [ProjectionChange]

  /// - Parameters:
  ///   - snapshot: the stream as it was restored.
  ///   - now: the time of the events.
  /// - Throws: when the state cannot be read, or the reducer refuses.
  public init(
    _ stream: StreamName, _ snapshot: StreamSnapshot, _ answers: [Reconciliation.Answer], reducers: ReducerTable, now: Timestamp
  ) throws {
    guard let reducer = reducers[stream.handler] else {
      throw HandlerError(
        .handlerUnavailable, "no contract here has the handler \(stream.handler), so that its streams cannot be changed")
    }
    var state = try StreamState(snapshot.state)
    let correlation = state.correlationID ?? CorrelationID(stream.id("restore"))
    var events: [JournalEvent] = []
    var rows: [ProjectionChange] = []
    func journal(_ event: NewEvent, causedBy request: EnvelopeID) throws {
      let seen = StreamEvent(type: event.type, payload: event.payload, time: now)
      try state.apply(seen, reducer.reducer)
      events.append(
        JournalEvent(
          type: event.type, payload: event.payload.encoded(), correlationID: correlation, causationID: request, time: now))
      guard !event.type.hasPrefix(StreamState.KernelEvent.prefix), let body = state.body else { return }
      rows += try reducer.project(stream, body, seen)
    }
    var isClosed = false
    for answer in answers {
      try journal(
        NewEvent(StreamState.KernelEvent.reconciled, ["id": .string(answer.request.description)]), causedBy: answer.request)
      if !isClosed, let body = state.body {
        let ending = try reducer.reducer.settle(body, answer.outcome, now: now)
        for event in ending.events { try journal(event, causedBy: answer.request) }
        isClosed = ending.isClosed
      }
      try journal(
        NewEvent(StreamState.KernelEvent.answered, ["id": .string(answer.request.description)]), causedBy: answer.request)
    }
    change = StreamChange(
      stream: stream, expectedVersion: snapshot.version, correlationID: correlation, events: events, state: state.encoded,
      isClosed: isClosed)
    projections = rows
  }
}
