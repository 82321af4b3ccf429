import OnexCore
import OnexJSON

/// One input of one stream on its way through its reducer: events are folded, intents become requests, answers become responses.
struct StreamRun: ~Copyable {
  private let work: StreamWork
  private let record: ConsumedRecord
  private let router: StreamRouter
  private let now: Timestamp
  private let outputBytesMax: Int
  private(set) var state: StreamState
  private(set) var events: [JournalEvent] = []
  private(set) var timers: [TimerChange] = []
  private(set) var projections: [ProjectionChange] = []
  private(set) var isClosed = false
  /// The answer to the request at hand.
  private(set) var answered: ResponseEnvelope.Outcome?
  /// Answers to requests that waited: the identity of each and its position in `batch`. A repeat of such a request finds them there.
  private(set) var late: [(identity: MessageIdentity, output: Int)] = []
  var batch: OutputBatch

  init(work: StreamWork, record: ConsumedRecord, state: StreamState, session: StreamSession) {
    self.work = work
    self.record = record
    self.state = state
    router = session.router
    now = session.now
    outputBytesMax = session.outputBytesMax
    batch = OutputBatch(outputBytesMax: session.outputBytesMax, capacity: 1024)
    self.state.correlationID = state.correlationID ?? work.correlationID
  }

  /// - Returns: inputs that follow at once: the answers to intents that cannot be sent.
  mutating func step(_ input: StreamInput) throws -> [StreamInput] {
    let reaction = try work.reducer.reducer.decide(state.body, input, now: now)
    for event in reaction.events { try add(event) }
    for timer in reaction.timers where !isFiring(timer) { timers.append(change(timer)) }
    let refused = reaction.intents.compactMap { send($0) }
    try answer(reaction.answer, isRequest: { if case .request = input { true } else { false } }())
    isClosed = reaction.isClosed
    return refused
  }

  private mutating func add(_ event: NewEvent) throws {
    try journal(event.type, event.payload)
    let seen = StreamEvent(type: event.type, payload: event.payload, time: now)
    guard let body = state.body else { return }
    projections += try work.reducer.project(work.stream, body, seen)
  }

  private mutating func journal(_ type: String, _ payload: JSONValue) throws {
    try state.apply(StreamEvent(type: type, payload: payload, time: now), work.reducer.reducer)
    events.append(
      JournalEvent(
        type: type, payload: payload.encoded(), correlationID: work.correlationID, causationID: work.causationID, time: now))
  }

  /// A timer that fires is forgotten when its outputs are published: cancelled with the commit, it could not fire again after a crash
  /// before that, and the outputs would be lost.
  private func isFiring(_ timer: Reaction.Timer) -> Bool {
    guard case .timer(let firing) = work.input, case .cancel(let name) = timer else { return false }
    return name.isExactly(firing)
  }

  private func change(_ timer: Reaction.Timer) -> TimerChange {
    switch timer {
    case .set(let name, let due):
      .set(DurableTimer(id: work.stream.id("timer/\(name)"), due: due, purpose: .stream(work.stream, name: name)))
    case .cancel(let name): .cancel(work.stream.id("timer/\(name)"))
    }
  }

  /// - Returns: the answer of an intent that cannot be sent.
  private mutating func send(_ intent: Intent) -> StreamInput? {
    func refused(_ error: ResponseError) -> StreamInput { .response(intent: intent.name, .failure(error)) }
    let topic: String
    switch router.topic(of: intent.operation) {
    case .success(let found): topic = found
    case .failure(let error): return refused(error)
    }
    guard intent.payload.count <= outputBytesMax else {
      return refused(
        ResponseError(
          .outputTooLarge, "the payload of \(intent.name) has \(intent.payload.count) bytes; the limit is \(outputBytesMax)"))
    }
    var envelope = Envelope(
      operation: intent.operation, payload: intent.payload, envelopeID: EnvelopeID(work.stream.id("intent/\(intent.name)")),
      correlationID: state.correlationID ?? work.correlationID)
    envelope.causationID = work.causationID
    envelope.idempotencyKey = intent.idempotencyKey
    envelope.deadline = intent.deadline
    envelope.timestamp = now
    envelope.origin = .intent
    envelope.extensions = [ReplyMark.stream(work.stream, intent: intent.name).rawField]
    if let origin = RuntimeField.origin(envelope.origin) { envelope.extensions.append(origin) }
    router.signer.sign(&envelope)
    // A key of its own: under the stream's, what may run side by side would run one after the other.
    let key = Bytes("\(work.stream)#\(intent.order)")
    batch.request(envelope, key: key, trace: OutputBatch.trace(of: record), topic: topic, owner: 0)
    return nil
  }

  private mutating func answer(_ answer: Reaction.Answer, isRequest: Bool) throws {
    switch answer {
    case .none:
      guard isRequest, let envelope = work.envelope, answered == nil else { return }
      let stub = RequestStub(envelope, record)
      try journal(
        StreamState.KernelEvent.opened,
        ["id": .string(envelope.envelopeID.description), "stub": .string(Base64.encode(stub.encoded))])
    case .current(let outcome):
      guard isRequest, let envelope = work.envelope else { return }
      respond(outcome, to: envelope, in: record, duration: .zero)
      answered = outcome
    case .everyone(let outcome):
      if isRequest, let envelope = work.envelope {
        respond(outcome, to: envelope, in: record, duration: .zero)
        answered = outcome
      }
      for request in state.open {
        // A stub that cannot be read has nobody to answer; the journal still says what was decided.
        if let (envelope, record) = RequestStub(request.stub)?.request() {
          late.append((.response(envelope.responseID), batch.count))
          respond(outcome, to: envelope, in: record, duration: max(now - request.openedAt, .zero))
        }
        try journal(StreamState.KernelEvent.answered, ["id": .string(request.id.description)])
      }
    }
  }

  private mutating func respond(
    _ outcome: ResponseEnvelope.Outcome, to envelope: Envelope, in record: ConsumedRecord, duration: Duration
  ) {
    let response = ResponseEnvelope(
      answering: envelope, handler: work.reducer.handler, duration: duration, timestamp: now, outcome: outcome)
    batch.respond(response, to: record, topic: router.topics.responses, owner: 0)
  }
}
