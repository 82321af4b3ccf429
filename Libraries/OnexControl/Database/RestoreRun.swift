import OnexCore
import OnexJSON
import OnexKafka
import OnexKernel
import OnexPostgres

/// Brings a restored database into agreement with the topics, which went on after its dump.
struct RestoreRun: Sendable {
  struct Report: Sendable {
    var dumpedAt: Timestamp
    var responsesRead = 0
    var timersAnswered = 0
    var timersLost = 0
    var runsClosed: [StreamName] = []
    /// Their request was answered; they go on.
    var runsAnswered: [StreamName] = []
    /// Answered meanwhile, and their handler's code or contract is not here.
    var runsUnknown: [String] = []
    var requestsLost: [(id: EnvelopeID, correlationID: CorrelationID)] = []
    var requestsSent = 0
  }

  /// Requests are looked at from so long before the dump: clocks of machines differ, and a heartbeat is some seconds old.
  private static let slack = Duration.seconds(600)

  let restore: PostgresRestore
  let bus: KafkaEventBus
  let admin: KafkaAdmin
  let reducers: ReducerTable
  let topics: RoutingTopics
  /// The group of `runtime-main`.
  let group: String
  let clock: any RuntimeClock

  /// - Parameters:
  ///   - isDry: looks and changes nothing.
  ///   - sendsAgain: whether lost requests are sent to their topic again.
  func run(dumpedAt: Timestamp, isDry: Bool, sendsAgain: Bool) async throws -> Report {
    let pending = try await restore.deadlines()
    var open: [EnvelopeID: StreamName] = [:]
    try await restore.openStreams { stream, snapshot in
      for request in try StreamState(snapshot.state).openRequests { open[request] = stream }
    }
    let since = dumpedAt + (.zero - RestoreRun.slack)
    let cluster = try await bus.clusterID() ?? ""
    var found = Reconciliation(pending: pending, open: open, since: since, requestTopic: topics.requests, cluster: cluster)
    try await read([topics.effectRequests, topics.workerRequests]) { found.forwarded($0) }
    let passed = try await passedRequests()
    try await read([topics.requests]) { record in
      if record.offset < passed[record.source] ?? 0 { found.requested(record) }
    }
    try await read([topics.responses]) { found.answered($0) }

    var report = Report(dumpedAt: dumpedAt)
    report.responsesRead = found.responsesRead
    report.timersAnswered = found.answeredTimers.count
    report.timersLost = found.lostTimers.count
    report.requestsLost = found.lostRequests.map { ($0.key, $0.value) }.sorted { $0.0.uuid.description < $1.0.uuid.description }
    try await settle(found.answers, isDry, &report)
    guard !isDry else { return report }
    try await restore.delete(Array(found.answeredTimers))
    try await restore.set(Array(found.lostTimers.values), consumer: group)
    if sendsAgain { report.requestsSent = try await sendAgain(Set(found.lostRequests.keys), since) }
    return report
  }

  private func settle(
    _ answers: [StreamName: [Reconciliation.Answer]], _ isDry: Bool, _ report: inout Report
  ) async throws {
    for (stream, answers) in answers.sorted(by: { $0.key < $1.key }) {
      guard let snapshot = try await restore.snapshot(stream) else { continue }
      do {
        let settlement = try StreamSettlement(stream, snapshot, answers, reducers: reducers, now: clock.now())
        if settlement.change.isClosed { report.runsClosed.append(stream) } else { report.runsAnswered.append(stream) }
        if !isDry { try await restore.settle(settlement.change, settlement.projections) }
      } catch let error as HandlerError {
        report.runsUnknown.append("\(stream): \(error.message)")
      }
    }
  }

  /// Up to where the group has consumed its requests.
  private func passedRequests() async throws -> [TopicPartition: Int64] {
    let partitions = try await admin.topics().first { $0.name == topics.requests }?.partitions.map(\.partition) ?? []
    return try await admin.committedOffsets(of: group, partitions.map { TopicPartition(topics.requests, $0) })
  }

  /// Everything that is in the topics now, in pages.
  private func read(_ names: [String], _ body: (ConsumedRecord) -> Void) async throws {
    let reader = try await bus.reader(topics: names, from: .beginning)
    while reader.remaining() > 0 {
      for event in await reader.poll(PollLimit()) {
        switch event {
        case .records(let records): for record in records { body(record) }
        case .fault(let error) where !error.isRetriable:
          await reader.close()
          throw error
        default: break
        }
      }
    }
    await reader.close()
  }

  private func sendAgain(_ ids: Set<EnvelopeID>, _ since: Timestamp) async throws -> Int {
    guard !ids.isEmpty else { return 0 }
    var records: [EnvelopeID: OutboundRecord] = [:]
    var decoder = EnvelopeDecoder(limits: EnvelopeDecoder.Limits(), cluster: try await bus.clusterID() ?? "")
    try await read([topics.requests]) { record in
      guard case .success(let envelope) = decoder.decode(record), ids.contains(envelope.envelopeID) else { return }
      records[envelope.envelopeID] = OutboundRecord(
        topic: topics.requests, key: record.key, value: record.value, headers: record.headers)
    }
    let producer = try bus.producer()
    let failures = await producer.publish(Array(records.values))
    await producer.close(timeout: .seconds(10))
    if let failure = failures.first { throw failure.error }
    return records.count
  }
}
