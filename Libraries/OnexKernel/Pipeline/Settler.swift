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
    guard !live.isEmpty, let outputs = await commit(live) else { return }
    await pipeline.window.waitForRepeats()
    pipeline.window.add(
      PublishedBatch(
        settlements: outputs.settlements, outputs: outputs.records, source: outputs.source,
        publication: pipeline.parts.producer.send(outputs.records)))
  }

  private struct Outputs {
    /// Those that are committed.
    let settlements: [Settlement]
    let records: [OutboundRecord]
    /// The consumed record that the output at an index answers.
    let source: @Sendable (Int) -> ConsumedRecord
  }

  /// - Returns: what to publish: the outputs, or for repeats those recorded earlier. `nil` when cancelled.
  private func commit(_ settlements: [Settlement]) async -> Outputs? {
    guard !pipeline.parts.store.isStateless else {
      let records = settlements.count == 1 ? settlements[0].outputs : settlements.flatMap(\.outputs)
      return Outputs(settlements: settlements, records: records) { Settler.source(of: $0, in: settlements) }
    }
    return await record(settlements)
  }

  /// Commits the settlements of lanes that are still ours, and drops the others.
  private func record(_ settlements: [Settlement]) async -> Outputs? {
    let parts = pipeline.parts
    var live = settlements
    while true {
      guard let epochs = await claims(of: &live), let loaded = await load(live) else { return nil }
      let now = parts.context.clock.now()
      let draft = BatchDraft(live, loaded, pipeline.streamContext, now: now)
      for (stream, reason) in draft.refused {
        parts.context.logger.error(
          "a stream refused its input", ["stream": .string(stream.description), "reason": .string(reason)])
      }
      let batch = draft.batch(id: parts.context.ids.next(), consumer: parts.group, lanes: epochs, now: now)
      switch await commit(batch) {
      case nil: return nil
      case .fenced(let partitions): pipeline.fence(Set(live.map(\.lane)).filter { partitions.contains($0.partition) })
      case .conflict: pipeline.metrics.conflicts.add()
      case .committed(let repeats, let silenced): return outputs(live, draft.entries, repeats, silenced)
      }
    }
  }

  private func commit(_ batch: CommitBatch) async -> CommitOutcome? {
    let (store, clock) = (pipeline.parts.store, pipeline.parts.context.clock)
    return await pipeline.untilStoreAnswers { () throws(StoreError) in
      let start = clock.uptime()
      let outcome = try await store.commit(batch)
      pipeline.metrics.commits.add()
      pipeline.metrics.commitMicroseconds.add(Int((clock.uptime() - start).microseconds))
      return outcome
    }
  }

  /// What the store knows of the streams that the batch concerns.
  private func load(_ settlements: [Settlement]) async -> LoadedStreams? {
    guard let streams = pipeline.parts.streams else { return LoadedStreams() }
    let works = settlements.flatMap { settlement in settlement.special.values.compactMap(\.work) }
    guard !works.isEmpty else { return LoadedStreams() }
    let names = Set(works.map(\.stream)).sorted()
    let lookups = works.flatMap(\.lookups)
    return await pipeline.untilStoreAnswers { () throws(StoreError) in
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
  ) -> Outputs {
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
          let own = conflict(entry)
          outputs += own
          sources += own.map { _ in entry.record }
          // It is answered: its deadline is not to answer it once more.
          if let timer = entry.deadline { settlements[0].timers.append(timer) }
          position += 1
          continue
        }
      }
      var own = entry.outputs
      if entry.identified != nil {
        if silenced.contains(position) {
          own = []
        } else if let recorded = repeats[position] {
          own = replay(recorded, entry)
        }
        position += 1
      }
      outputs += own
      sources += own.map { _ in entry.record }
    }
    return Outputs(settlements: settlements, records: outputs) { [sources] in sources[$0] }
  }

  private func replay(_ recorded: RecordedAnswer, _ entry: BatchDraft.Entry) -> [OutboundRecord] {
    AnswerReplay.outputs(
      recorded, for: entry.record, topic: pipeline.parts.responseTopic, bytesMax: pipeline.parts.outputBytesMax,
      now: pipeline.parts.context.clock.now(), isFinal: pipeline.parts.streams != nil)
  }

  private func conflict(_ entry: BatchDraft.Entry) -> [OutboundRecord] {
    AnswerReplay.conflict(
      for: entry.record, topic: pipeline.parts.responseTopic, bytesMax: pipeline.parts.outputBytesMax,
      now: pipeline.parts.context.clock.now(), isFinal: pipeline.parts.streams != nil)
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
