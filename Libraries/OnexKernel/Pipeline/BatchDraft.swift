import OnexCore

/// What becomes of a batch of settlements, before it is committed: pure, so that it can be drawn up anew when the store has moved on.
struct BatchDraft {
  struct Entry {
    let record: ConsumedRecord
    var outputs: [OutboundRecord]
    /// `nil` for a record without an identity (a rejected one): it is not remembered, since its outputs are the same each time.
    var identified: CommitEntry?
    /// The row of its idempotency key, which says whether that stands for another request.
    var key: CommitEntry?
    /// Of the request's deadline, set with the entry.
    var deadline: DurableTimer?
    /// `outputs` are the recorded ones already, addressed to this message.
    var isReplayed = false
    /// Answers of other requests that follow from this record, each under the identity of its response.
    var late: [CommitEntry] = []
  }

  private(set) var entries: [Entry] = []
  private(set) var streams: [StreamChange] = []
  private(set) var timers: [TimerChange] = []
  private(set) var projections: [ProjectionChange] = []
  /// Inputs that their reducers refused, with why, for the log.
  private(set) var refused: [(stream: StreamName, reason: String)] = []

  /// - Parameter loaded: what the store knows of the streams and messages of the batch.
  init(_ settlements: [Settlement], _ loaded: LoadedStreams, _ context: StreamContext?, now: Timestamp) {
    for settlement in settlements { add(settlement) }
    guard let context, settlements.contains(where: { !$0.special.isEmpty }) else { return }
    var session = StreamSession(router: context.router, outputBytesMax: context.outputBytesMax, now: now)
    var decided: Set<MessageIdentity> = []
    var index = 0
    for settlement in settlements {
      for place in settlement.records.indices {
        defer { index += 1 }
        guard let work = settlement.special[place]?.work else { continue }
        var entry = entries[index]
        decide(work, &entry, loaded, context, &session, &decided, now)
        entries[index] = entry
      }
    }
    streams = session.changes
    timers = session.timers
    projections = session.projections
  }

  private mutating func add(_ settlement: Settlement) {
    var output = 0
    for (index, record) in settlement.records.enumerated() {
      let first = output
      while output < settlement.owners.count, settlement.owners[output] == index { output += 1 }
      let outputs = Array(settlement.outputs[first..<output])
      let identified = settlement.identities[index].map {
        CommitEntry(
          identity: $0.message, digest: $0.digest, source: record.source, offset: record.offset, outputs: outputs,
          deadline: settlement.special[index]?.claim)
      }
      var entry = Entry(record: record, outputs: outputs, identified: identified)
      if let special = settlement.special[index], let key = special.key {
        entry.key = CommitEntry(
          identity: key.message, digest: key.digest, source: record.source, offset: record.offset, outputs: [])
        if case .opens(let timer) = special.claim { entry.deadline = timer }
      }
      entries.append(entry)
    }
  }

  private mutating func decide(
    _ work: StreamWork, _ entry: inout Entry, _ loaded: LoadedStreams, _ context: StreamContext, _ session: inout StreamSession,
    _ decided: inout Set<MessageIdentity>, _ now: Timestamp
  ) {
    func settle(_ outputs: [OutboundRecord], _ identity: RequestIdentity, changesStreams: Bool = false) {
      entry.outputs = outputs
      entry.identified = CommitEntry(
        identity: identity.message, digest: identity.digest, source: entry.record.source, offset: entry.record.offset,
        outputs: outputs, changesStreams: changesStreams)
    }
    // A repeat changes nothing: its entry gets what was recorded, from here or from the commit.
    if let known = work.lookups.first(where: { decided.contains($0) || loaded.answers[$0] != nil }) {
      guard let recorded = loaded.answers[known], let envelope = work.envelope else {
        return settle([], RequestIdentity(known, digest: work.envelope?.digest))
      }
      let replay = AnswerReplay(
        topic: context.router.topics.responses, outputBytesMax: context.outputBytesMax, now: now, isFinal: true)
      // A request that had to wait was recorded without an answer; the answer came later, in another entry.
      let isOther = recorded.digest.map { $0 != envelope.digest } ?? false
      let late = isOther ? nil : loaded.answers[.response(envelope.responseID)]
      entry.isReplayed = true
      var outputs = replay.outputs(recorded, for: envelope, in: entry.record)
      // What the request asked of others may not have been published before a crash: it goes out again besides the answer.
      if let late { outputs += replay.outputs(late, for: envelope, in: entry.record) }
      return settle(outputs, envelope.ownIdentity)
    }
    do {
      try session.load(work.stream, loaded.snapshots[work.stream])
      let result = try session.react(work, entry.record)
      decided.insert(result.identity.message)
      entry.late = result.late.map {
        CommitEntry(identity: $0.identity, source: entry.record.source, offset: entry.record.offset, outputs: [$0.output])
      }
      settle(result.outputs, result.identity, changesStreams: result.changesStreams)
    } catch {
      refused.append((work.stream, "\(error)"))
      let outputs = BatchDraft.refusal(of: work, HandlerRunner.responseError(error), entry.record, context, now)
      decided.insert(work.identity.message)
      settle(outputs, work.identity)
    }
  }

  /// What is published when a reducer refuses its input: the answer to a request, the dead letter of a response.
  private static func refusal(
    of work: StreamWork, _ error: ResponseError, _ record: ConsumedRecord, _ context: StreamContext, _ now: Timestamp
  ) -> [OutboundRecord] {
    var batch = OutputBatch(outputBytesMax: context.outputBytesMax, capacity: 1024)
    switch work.input {
    case .request:
      guard let envelope = work.envelope else { return [] }
      let response = ResponseEnvelope(
        answering: envelope, handler: work.reducer.handler, duration: .zero, timestamp: now, outcome: .failure(error))
      batch.respond(response, to: record, topic: context.router.topics.responses, owner: 0)
    case .response:
      let letter = DeadLetter.record(
        for: record,
        cause: DeadLetter.Cause(
          code: error.code.rawValue, reason: "stream \(work.stream): \(error.message)", consumerGroup: context.group,
          correlationID: work.correlationID, time: now))
      batch.deadLetter(letter, id: work.causationID ?? EnvelopeID(work.identity.message.uuid), owner: 0)
    case .timer: break
    }
    return batch.finish().records
  }

  func batch(id: RawUUID, consumer: String, lanes: [TopicPartition: LaneEpoch], now: Timestamp) -> CommitBatch {
    var batch = CommitBatch(
      id: id, consumer: consumer, lanes: lanes,
      entries: entries.flatMap { [$0.key, $0.identified].compactMap(\.self) + $0.late },
      time: now)
    batch.streams = streams
    batch.timers = timers
    batch.projections = projections
    return batch
  }
}

/// What a pipeline with streams decides by.
struct StreamContext: Sendable {
  let router: StreamRouter
  let group: String
  let outputBytesMax: Int
}
