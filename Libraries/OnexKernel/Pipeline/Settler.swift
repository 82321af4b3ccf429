import OnexCore

/// Commits and sends, batch after batch, and of each lane in the order in which the settlements came. It does not wait for the broker:
/// the next batch is committed while this one is under way. Nor do lanes wait for each other: most of a commit is a flush to disk, which
/// the database shares among those that come together.
struct Settler: Sendable {
  private let pipeline: Pipeline

  init(_ pipeline: Pipeline) { self.pipeline = pipeline }

  /// Works until the queue is closed and empty.
  func run() async {
    defer { pipeline.window.close() }
    let committers = pipeline.parts.store.isStateless ? 1 : pipeline.parts.limits.commitsMax
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<committers {
        group.addTask {
          while let settlements = await pipeline.settlements.take() {
            await settle(settlements)
            pipeline.settlements.finish(settlements)
          }
        }
      }
    }
  }

  private func settle(_ settlements: [Settlement]) async {
    let live = settlements.filter { pipeline.lanes.isLive($0.lane) }
    guard !live.isEmpty else { return }
    guard !pipeline.parts.store.isStateless else {
      let records = live.count == 1 ? live[0].outputs : live.flatMap(\.outputs)
      return await publish(Outputs(settlements: live, records: records) { Settler.source(of: $0, in: live) })
    }
    await record(live)
  }

  private struct Outputs {
    /// Those that are committed.
    let settlements: [Settlement]
    let records: [OutboundRecord]
    /// The consumed record that the output at an index answers.
    let source: @Sendable (Int) -> ConsumedRecord
  }

  private func publish(_ outputs: Outputs) async {
    await pipeline.window.waitForRepeats()
    // A process that is ending publishes no more: what is committed comes again to the next owner, who finds it recorded.
    guard !Task.isCancelled else { return }
    pipeline.window.add(
      PublishedBatch(
        settlements: outputs.settlements, outputs: outputs.records, source: outputs.source,
        publication: pipeline.parts.producer.send(outputs.records)))
  }

  /// Commits the settlements of lanes that are still ours, drops the others, and publishes in order what follows: the outputs, or for
  /// repeats those recorded earlier.
  ///
  /// The store may refuse a batch for its content: halves of it are tried, down to the one record at fault, which is given up alone. A
  /// batch that meets a second conflict is halved too: a smaller batch is decided sooner, so that fewer changes come between.
  private func record(_ settlements: [Settlement]) async {
    var live = settlements
    var conflicts = 0
    while true {
      guard let epochs = await claims(of: &live) else { return }
      switch await attempt(live, epochs) {
      case nil: return
      case .failure(let error): return await isolate(live, error)
      case .success(.fenced(let partitions)):
        pipeline.fence(Set(live.map(\.lane)).filter { partitions.contains($0.partition) })
      case .success(.committed(let outputs)): return await publish(outputs)
      case .success(.conflict):
        pipeline.metrics.conflicts.add()
        conflicts += 1
        let limits = pipeline.parts.limits
        guard conflicts < (live.halves == nil ? limits.conflictsMax : limits.batchConflictsMax) else {
          let reason = "another change of its stream came first \(conflicts) times"
          return await isolate(live, StoreError(.rejected, reason))
        }
        await rest(afterConflict: conflicts)
      }
    }
  }

  private enum Attempt {
    case committed(Outputs)
    case conflict
    case fenced(Set<TopicPartition>)
  }

  /// Decides and commits once.
  ///
  /// - Returns: `nil` when cancelled; a failure when the store refuses the content.
  private func attempt(
    _ live: [Settlement], _ epochs: [TopicPartition: LaneEpoch]
  ) async -> Result<Attempt, StoreError>? {
    let parts = pipeline.parts
    let loaded: LoadedStreams
    switch await load(live) {
    case nil: return nil
    case .failure(let error): return .failure(error)
    case .success(let found): loaded = found
    }
    let now = parts.context.clock.now()
    let draft = BatchDraft(live, loaded, pipeline.streamContext, now: now)
    let batch = draft.batch(id: parts.context.ids.next(), consumer: parts.group, lanes: epochs, now: now)
    switch await commit(batch) {
    case nil: return nil
    case .failure(let error): return .failure(error)
    case .success(.fenced(let partitions)): return .success(.fenced(partitions))
    case .success(.conflict): return .success(.conflict)
    case .success(.committed(let repeats, let silenced)):
      // Once for each refusal, and not for every attempt that a conflict made void.
      for (stream, reason) in draft.refused {
        parts.context.logger.error(
          "a stream refused its input", ["stream": .string(stream.description), "reason": .string(reason)])
      }
      return .success(.committed(await outputs(live, draft.entries, repeats, silenced)))
    }
  }

  private func rest(afterConflict conflicts: Int) async {
    let policy = pipeline.parts.limits.conflict
    let random = pipeline.parts.context.ids.nextUnit()
    try? await pipeline.parts.context.clock.sleep(
      for: policy.backoff(afterAttempt: conflicts, random: random) ?? policy.maxBackoff)
  }

  /// Commits in halves, down to the one record that the store refuses, and gives that up.
  private func isolate(_ settlements: [Settlement], _ error: StoreError) async {
    guard let (left, right) = settlements.halves else {
      guard let only = settlements.first else { return }
      return await giveUp(only, error)
    }
    await record(left)
    await record(right)
  }

  /// Commits a refusal in the place of a record that the store does not take. Should the store refuse this too, nothing is wrong with
  /// the record: the store does not work, and the lane waits until it takes one of the two.
  private func giveUp(_ settlement: Settlement, _ error: StoreError) async {
    let quarantine = Quarantine(pipeline.parts, pipeline.streamContext)
    var (error, isReplaced, attempts) = (error, true, 0)
    while true {
      var live = [isReplaced ? quarantine.replacement(for: settlement, error) : settlement]
      guard let epochs = await claims(of: &live), let result = await attempt(live, epochs) else { return }
      switch result {
      case .success(.committed(let outputs)):
        if isReplaced { quarantine.report(settlement, error) }
        return await publish(outputs)
      case .success(.fenced(let partitions)):
        pipeline.fence(Set(live.map(\.lane)).filter { partitions.contains($0.partition) })
      case .success(.conflict):
        attempts += 1
        await rest(afterConflict: attempts)
      case .failure(let refusal):
        attempts += 1
        if isReplaced {
          pipeline.outages.failed(.commit, refusal)
          await pipeline.backOff(attempts)
        } else {
          error = refusal
        }
        isReplaced.toggle()
      }
    }
  }

  private func commit(_ batch: CommitBatch) async -> Result<CommitOutcome, StoreError>? {
    let (store, clock) = (pipeline.parts.store, pipeline.parts.context.clock)
    return await pipeline.untilStoreDecides(.commit) { () throws(StoreError) in
      let start = clock.uptime()
      let outcome = try await store.commit(batch)
      pipeline.metrics.commitDuration.record(clock.uptime() - start)
      return outcome
    }
  }

  /// What the store knows of the streams that the batch concerns.
  private func load(_ settlements: [Settlement]) async -> Result<LoadedStreams, StoreError>? {
    guard let streams = pipeline.parts.streams else { return .success(LoadedStreams()) }
    let works = settlements.flatMap { settlement in settlement.special.values.compactMap(\.work) }
    guard !works.isEmpty else { return .success(LoadedStreams()) }
    let names = Set(works.map(\.stream)).sorted()
    let lookups = works.flatMap(\.lookups)
    return await pipeline.untilStoreDecides(.lookup) { () throws(StoreError) in
      try await streams.store.load(names, lookups, consumer: pipeline.parts.group)
    }
  }

  /// Waits until the lanes are claimed in the store, and leaves out those that went away meanwhile.
  ///
  /// - Returns: `nil` when none is left or the task was cancelled.
  private func claims(of settlements: inout [Settlement]) async -> [TopicPartition: LaneEpoch]? {
    let lanes = pipeline.lanes
    while !Task.isCancelled {
      let seen = lanes.changes.generation
      settlements = settlements.filter { lanes.isLive($0.lane) }
      guard !settlements.isEmpty else { return nil }
      if let claims = lanes.claims(of: Set(settlements.map(\.lane))) { return claims }
      await lanes.changes.wait(since: seen)
    }
    return nil
  }

  private func outputs(
    _ settlements: [Settlement], _ entries: [BatchDraft.Entry], _ repeats: [Int: RecordedAnswer], _ silenced: Set<Int>
  ) async -> Outputs {
    var settlements = settlements
    var outputs: [OutboundRecord] = []
    var sources: [ConsumedRecord] = []
    var position = 0
    for entry in entries {
      // The row of its key comes before its own.
      if let key = entry.key {
        let earlier = repeats[position]?.digest
        position += 1
        if let earlier, earlier != key.digest {
          let own = pipeline.replay.conflict(for: entry.record)
          outputs += own
          sources += own.map { _ in entry.record }
          // The request is answered: its deadline must not answer it once more. A repeat has set none.
          if let timer = entry.deadline, repeats[position] == nil { settlements[0].timers.append(timer) }
          position += 1
          continue
        }
      }
      var own = entry.outputs
      if entry.identified != nil {
        if silenced.contains(position) {
          // One of two equal responses in a batch is a repeat: it says again that it came too late.
          own = repeats[position] == nil ? [] : await replay(RecordedAnswer(digest: nil, outputs: []), entry)
        } else if let recorded = repeats[position] {
          own = await replay(recorded, entry)
        }
        position += 1
      }
      position += entry.late.count
      outputs += own
      sources += own.map { _ in entry.record }
    }
    return Outputs(settlements: settlements, records: outputs) { [sources] in sources[$0] }
  }

  private func replay(_ recorded: RecordedAnswer, _ entry: BatchDraft.Entry) async -> [OutboundRecord] {
    let replay = pipeline.replay
    switch entry.identified?.deadline {
    case .response?: return replay.outputs(recorded, for: entry.record, isSuperseded: recorded.outputs.isEmpty)
    default:
      if entry.isReplayed { return entry.outputs }
      if let late = await lateAnswer(recorded, entry) { return late }
      return replay.outputs(recorded, for: entry.record)
    }
  }

  /// The answer to a request that comes again when it has one: what it was answered in time, or `DEADLINE_EXCEEDED`, whatever deadline the
  /// repeat has.
  ///
  /// Sending it to its role once more could leave it without an answer: its timer has fired, and the role may be gone.
  ///
  /// - Returns: `nil` for every other entry, and while the first message's answer is still open.
  private func lateAnswer(_ recorded: RecordedAnswer, _ entry: BatchDraft.Entry) async -> [OutboundRecord]? {
    let (parts, replay) = (pipeline.parts, pipeline.replay)
    guard let first = recorded.outputs.first, first.topic != parts.responseTopic, let envelope = replay.request(in: entry.record),
      recorded.digest == nil || recorded.digest == envelope.digest
    else { return nil }
    // A request that a stream sent carries the deadline of the stream, not of this message.
    let isForwarded = first.messageID == envelope.envelopeID
    let isRefused = entry.outputs.first?.topic == parts.responseTopic
    let deadline = isForwarded ? replay.deadline(of: first) : envelope.deadline
    guard isRefused || isForwarded && deadline != nil else { return nil }
    func look(_ identity: MessageIdentity) async -> RecordedAnswer?? {
      await pipeline.untilStoreAnswers(.lookup) { () throws(StoreError) in
        try await parts.store.recorded(identity, consumer: parts.group)
      }
    }
    // What a stream asked of others when the request came first may not have been published before a crash.
    let asked = recorded.outputs.filter { $0.topic != parts.responseTopic && $0.messageID != envelope.envelopeID }
    if let answer = await look(.response(envelope.responseID)) ?? nil {
      let isLate = answer.outputs.isEmpty
      return asked
        + (isLate ? replay.deadlineExceeded(envelope, in: entry.record) : replay.outputs(answer, for: envelope, in: entry.record))
    }
    guard let deadline else { return nil }
    let timer = DurableTimer(id: envelope.deadlineTimerID, due: deadline, purpose: .deadline)
    return await look(timer.firing) ?? nil == nil ? nil : asked + replay.deadlineExceeded(envelope, in: entry.record)
  }

  /// Looked up only for an output that was refused.
  private static func source(of output: Int, in settlements: [Settlement]) -> ConsumedRecord {
    var index = output
    for settlement in settlements {
      if index < settlement.outputs.count { return settlement.records[settlement.owners[index]] }
      index -= settlement.outputs.count
    }
    preconditionFailure("an output belongs to a settlement")
  }
}
