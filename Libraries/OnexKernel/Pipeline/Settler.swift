import OnexCore

/// Commits, publishes and stores offsets, batch after batch, in the order in which the settlements came.
struct Settler: Sendable {
  private let pipeline: Pipeline
  private let publisher: RecordPublisher

  init(_ pipeline: Pipeline) {
    self.pipeline = pipeline
    let parts = pipeline.parts
    publisher = RecordPublisher(
      producer: parts.producer, clock: parts.context.clock, backoff: parts.limits.outage, group: parts.group,
      outages: pipeline.outages)
  }

  /// Works until the queue is closed and empty.
  func run() async {
    while let settlements = await pipeline.settlements.takeAll() {
      let live = settlements.filter { pipeline.lanes.isLive($0.lane) }
      guard !live.isEmpty, let outputs = await commit(live), await publish(outputs) else { continue }
      let progress = pipeline.lanes.settle(live)
      storeOffsets(progress.offsets)
      pipeline.apply(progress)
      pipeline.metrics.settled(live)
    }
  }

  private struct Outputs {
    var records: [OutboundRecord] = []
    /// The consumed record that each output answers.
    var sources: [ConsumedRecord] = []
  }

  /// - Returns: what to publish: the outputs, or for repeats those recorded earlier. `nil` when cancelled.
  private func commit(_ settlements: [Settlement]) async -> Outputs? {
    var outputs = Outputs()
    guard !pipeline.parts.store.isStateless else {
      for settlement in settlements {
        outputs.records += settlement.outputs
        outputs.sources += settlement.owners.map { settlement.records[$0] }
      }
      return outputs
    }
    let (entries, sources) = Settler.entries(settlements)
    let recorded = await pipeline.untilStoreAnswers { () throws(StoreError) in
      try await pipeline.parts.store.commit(entries.filter { $0.isIdentified }.map(\.entry), consumer: pipeline.parts.group)
    }
    guard let recorded else { return nil }
    var position = 0
    for (entry, source) in zip(entries, sources) {
      var records = entry.entry.outputs
      if entry.isIdentified {
        records = recorded[position] ?? records
        position += 1
      }
      outputs.records += records
      outputs.sources += records.map { _ in source }
    }
    return outputs
  }

  private struct Entry {
    let entry: CommitEntry
    /// Records without an identity (rejected ones) are not remembered: their outputs are the same each time.
    let isIdentified: Bool
  }

  private static func entries(_ settlements: [Settlement]) -> ([Entry], [ConsumedRecord]) {
    var entries: [Entry] = []
    var sources: [ConsumedRecord] = []
    for settlement in settlements {
      var output = 0
      for (index, record) in settlement.records.enumerated() {
        let first = output
        while output < settlement.owners.count, settlement.owners[output] == index { output += 1 }
        let identity = settlement.identities[index]
        let place = EnvelopeID(topic: record.source.topic, partition: record.source.partition, offset: record.offset)
        let entry = CommitEntry(
          identity: identity ?? .envelope(place), source: record.source, offset: record.offset,
          outputs: Array(settlement.outputs[first..<output]))
        entries.append(Entry(entry: entry, isIdentified: identity != nil))
        sources.append(record)
      }
    }
    return (entries, sources)
  }

  private func publish(_ outputs: Outputs) async -> Bool {
    await publisher.publish(outputs.records) { outputs.sources[$0] }
  }

  private func storeOffsets(_ offsets: [TopicPartition: Int64]) {
    guard !offsets.isEmpty else { return }
    do {
      try pipeline.parts.consumer.storeOffsets(offsets)
    } catch {
      // A partition that went away meanwhile: its new owner does these records again and their receivers drop the repeats.
      pipeline.parts.context.logger.warning("offsets were not stored", ["error": .string(error.description)])
    }
  }
}
