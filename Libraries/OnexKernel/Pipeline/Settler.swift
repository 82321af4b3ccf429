import OnexCore

/// Commits and sends, batch after batch, in the order in which the settlements came. It does not wait for the broker: the next batch
/// is committed while this one is under way.
struct Settler: Sendable {
  private let pipeline: Pipeline

  init(_ pipeline: Pipeline) { self.pipeline = pipeline }

  /// Works until the queue is closed and empty.
  func run() async {
    defer { pipeline.window.close() }
    while let settlements = await pipeline.settlements.takeAll() {
      let live = settlements.filter { pipeline.lanes.isLive($0.lane) }
      guard !live.isEmpty, let outputs = await commit(live) else { continue }
      await pipeline.window.waitForRepeats()
      pipeline.window.add(
        PublishedBatch(
          settlements: live, outputs: outputs.records, source: outputs.source,
          publication: pipeline.parts.producer.send(outputs.records)))
    }
  }

  private struct Outputs {
    let records: [OutboundRecord]
    /// The consumed record that the output at an index answers.
    let source: @Sendable (Int) -> ConsumedRecord
  }

  /// - Returns: what to publish: the outputs, or for repeats those recorded earlier. `nil` when cancelled.
  private func commit(_ settlements: [Settlement]) async -> Outputs? {
    guard !pipeline.parts.store.isStateless else {
      let records = settlements.count == 1 ? settlements[0].outputs : settlements.flatMap(\.outputs)
      return Outputs(records: records) { Settler.source(of: $0, in: settlements) }
    }
    let (entries, records) = Settler.entries(settlements)
    let recorded = await pipeline.untilStoreAnswers { () throws(StoreError) in
      try await pipeline.parts.store.commit(entries.filter { $0.isIdentified }.map(\.entry), consumer: pipeline.parts.group)
    }
    guard let recorded else { return nil }
    var outputs: [OutboundRecord] = []
    var sources: [ConsumedRecord] = []
    var position = 0
    for (entry, record) in zip(entries, records) {
      var own = entry.entry.outputs
      if entry.isIdentified {
        own = recorded[position] ?? own
        position += 1
      }
      outputs += own
      sources += own.map { _ in record }
    }
    return Outputs(records: outputs) { [sources] in sources[$0] }
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
}
