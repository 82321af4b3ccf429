import CRdKafka
import OnexCore
import OnexThreads
import Synchronization

/// The one thread that reads from a client and tells it what to do.
///
/// It sleeps until it is asked for something: what nobody polls stays in librdkafka's bounded queue. A poll takes whatever was
/// prefetched in one call; only when there is nothing does it wait, for a single message, and then takes what has come with it.
final class ConsumerThread: @unchecked Sendable {
  private static let clock = SystemClock()
  /// How long a join may be held up by brokers that do not answer; librdkafka keeps trying by itself afterwards.
  private static let connectMax: Duration = .seconds(3)
  private static let connectSliceMS: Int32 = 100
  private static let seekMS: Int32 = 1000
  private static let measurementInterval: Duration = .seconds(2)
  private static let measurementMS: Int32 = 200
  /// For each of three questions when partitions are assigned; nothing is read meanwhile.
  private static let positionMS: Int32 = 500

  let client: KafkaClient
  let table = Mutex(PartitionTable())
  /// Of a reader; a member has none.
  let progress: Mutex<ReadProgress>
  /// Whether a group decides which partitions are read.
  private let isMember: Bool
  private let work = ThreadMailbox(ConsumerWork())
  private let queue: OpaquePointer
  // The rest belongs to the thread.
  private let topics: [String]
  /// Where the group begins without an offset, or with one that the log does not hold.
  private let origin: Subscription.Start
  private var isJoining: Bool
  private var connectDeadline: Duration = .zero
  private var names = TopicNames()
  private let buffer: MessageBatch.Messages
  private var rest: MessageBatch?
  private var reachability = Reachability(now: clock.uptime())
  private var lastMeasurement: Duration = .zero
  private var prompt = FetchPrompt()

  private var callbacks: ClientCallbacks { client.callbacks }

  /// - Parameters:
  ///   - topics: what is read; at least one.
  ///   - isMember: whether to join a group; otherwise the client was assigned its partitions.
  ///   - progress: what a reader has before it.
  init(
    _ client: KafkaClient, topics: [String], isMember: Bool, start: Subscription.Start = .earliest,
    progress: ReadProgress = ReadProgress()
  ) {
    self.client = client
    self.progress = Mutex(progress)
    self.topics = topics
    origin = start
    self.isMember = isMember
    isJoining = isMember
    // Errors and other callbacks come through the consumer's queue too, so that one call serves everything.
    rd_kafka_poll_set_consumer(client.handle)
    queue = rd_kafka_queue_get_consumer(client.handle)
    buffer = .allocate(capacity: MessageBatch.sizeMax)
  }

  deinit { buffer.deallocate() }

  func start() {
    AdapterThread.start("kafka-consumer") { [self] in run() }
  }

  // MARK: - What tasks ask for

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] {
    await withCheckedContinuation { continuation in
      let isOpen = work.update { work in
        guard !work.isClosing else { return false }
        precondition(work.poll == nil, "one task polls")
        work.poll = PollRequest(limit: limit, continuation: continuation)
        return true
      }
      if !isOpen { continuation.resume(returning: []) }
    }
  }

  /// - Returns: false when the consumer is closed: nothing will be done.
  @discardableResult
  func order(_ order: ConsumerOrder) -> Bool {
    work.update { work in
      guard !work.isClosing else { return false }
      work.orders.append(order)
      // A poll that waits returns to its loop, does this, and waits on.
      rd_kafka_queue_yield(queue)
      return true
    }
  }

  /// Leaves the group and ends the thread. Does not wait.
  func beginClosing() {
    work.update { work in
      guard !work.isClosing else { return }
      work.isClosing = true
      rd_kafka_queue_yield(queue)
    }
  }

  func close() async {
    beginClosing()
    await withCheckedContinuation { continuation in
      let isOver = work.update { work in
        if !work.isClosed { work.closed.append(continuation) }
        return work.isClosed
      }
      if isOver { continuation.resume() }
    }
  }

  // MARK: - The thread

  private func run() {
    connectDeadline = ConsumerThread.clock.uptime() + ConsumerThread.connectMax
    join(sliceMS: ConsumerThread.connectSliceMS)
    while true {
      let next = work.wait { work -> ConsumerWork? in
        guard work.isClosing || work.poll != nil || !work.orders.isEmpty else { return nil }
        defer {
          work.orders = []
          work.poll = nil
        }
        return work
      }
      carryOut(next.orders)
      if next.isClosing {
        next.poll?.continuation.resume(returning: [])
        break
      }
      if let poll = next.poll { poll.continuation.resume(returning: read(poll.limit)) }
    }
    rest = nil
    // A wish that was not answered would hold up the leaving.
    let open = table.withLock { $0.revoking }
    if !open.isEmpty { GroupCallbacks.unassign(client.handle, PartitionList(open), callbacks) }
    client.closeConsumer()
    let waiting = work.update { work in
      work.isClosed = true
      defer { work.closed = [] }
      return work.closed
    }
    // Nobody yields the queue any more: orders are refused since the closing began.
    rd_kafka_queue_destroy(queue)
    for continuation in waiting { continuation.resume() }
  }

  /// Subscribing before a broker is connected makes librdkafka wait for its next coordinator query, half a second to a second;
  /// after a first answer the group is joined within 25 ms, to which the coordinator adds its own wait for a group's first members
  /// (`group.initial.rebalance.delay.ms`: 3 s in Apache Kafka, 300 ms in the development broker).
  private func join(sliceMS: Int32) {
    guard isJoining else { return }
    let isLate = ConsumerThread.clock.uptime() >= connectDeadline
    let error = client.isReachable(askingAbout: topics[0], timeoutMS: sliceMS)
    guard error == RD_KAFKA_RESP_ERR_NO_ERROR || isLate else { return }
    isJoining = false
    callbacks.state.withLock { $0.hasSubscribed = true }
    let list = PartitionList(topics.map { TopicPartition($0, RD_KAFKA_PARTITION_UA) })
    let refused = list.withHandle { rd_kafka_subscribe(client.handle, $0) }
    if refused != RD_KAFKA_RESP_ERR_NO_ERROR { callbacks.fault(EventBusError(kafka: refused, "subscribe")) }
  }

  private func carryOut(_ orders: [ConsumerOrder]) {
    for order in orders {
      switch order {
      case .pause(let partitions): _ = PartitionList(partitions).withHandle { rd_kafka_pause_partitions(client.handle, $0) }
      case .resume(let partitions): _ = PartitionList(partitions).withHandle { rd_kafka_resume_partitions(client.handle, $0) }
      // Commits what is stored of them, too.
      case .unassign(let partitions): GroupCallbacks.unassign(client.handle, PartitionList(partitions), callbacks)
      case .commit(let continuation): continuation.resume(returning: client.commitStored())
      }
    }
  }

  private func read(_ limit: PollLimit) -> [ConsumerEvent] {
    let deadline = ConsumerThread.clock.uptime() + limit.wait
    while true {
      let left = max(0, Int32(clamping: (deadline - ConsumerThread.clock.uptime()).microseconds / 1000))
      if isJoining { join(sliceMS: min(left, ConsumerThread.connectSliceMS)) }
      performSeeks()
      let events = readOnce(limit, waitMS: isJoining ? 0 : left)
      if !events.isEmpty || left == 0 { return events }
      let (orders, isClosing) = work.update { work in
        defer { work.orders = [] }
        return (work.orders, work.isClosing)
      }
      carryOut(orders)
      if isClosing { return [] }
    }
  }

  private func readOnce(_ limit: PollLimit, waitMS: Int32) -> [ConsumerEvent] {
    askIfSilent()
    learnPositions()
    measure()
    if rest == nil {
      let count = consume(min(limit.records, MessageBatch.sizeMax), waitMS: waitMS)
      if count > 0 { rest = MessageBatch(buffer, count: count, client: client) }
    }
    let content = rest?.read(limit, &names) ?? MessageBatch.Content()
    if rest?.isRead == true { rest = nil }
    if prompt.took(records: content.read, bytes: content.bytes) { client.promptFetching() }
    for error in content.errors { callbacks.fault(error) }
    if !content.records.isEmpty, content.errors.isEmpty {
      callbacks.delivered()
      reachability.heard(ConsumerThread.clock.uptime())
    }
    // Before the records are handed out: an assignment comes before its first record.
    var events = callbacks.takeEvents()
    let records = admitted(content, after: &events)
    if !events.isEmpty {
      // New partitions are known now; the group is at rest, and their first records come with a later read.
      learnPositions()
      events += callbacks.takeEvents()
    }
    return records.isEmpty ? events : events + [.records(records)]
  }

  private func consume(_ size: Int, waitMS: Int32) -> Int {
    let ready = rd_kafka_consume_batch_queue(queue, 0, buffer, size)
    guard ready <= 0 else { return ready }
    guard waitMS > 0, callbacks.isQuiet else { return 0 }
    // Asked for one message, the call returns with the first; asked for more, it would sit out the whole wait.
    guard rd_kafka_consume_batch_queue(queue, waitMS, buffer, 1) == 1 else { return 0 }
    guard size > 1 else { return 1 }
    return 1 + max(0, rd_kafka_consume_batch_queue(queue, 0, buffer + 1, size - 1))
  }

  /// Records that may be handed out: not those of partitions that were paused, wanted back or sent elsewhere meanwhile.
  private func admitted(_ content: MessageBatch.Content, after events: inout [ConsumerEvent]) -> [ConsumedRecord] {
    guard isMember else {
      note(content)
      return content.records
    }
    return table.withLock { table in
      for event in events {
        switch event {
        case .assigned(let partitions): table.assign(partitions)
        case .revoking(let partitions): table.revoke(partitions)
        case .lost(let partitions): table.remove(partitions)
        case .records, .skipped, .wentBack, .fault, .recovered: break
        }
      }
      var records = content.records
      var runs = content.runs
      if !table.admitsAll(runs) {
        records = records.filter { table.admits($0.source, $0.offset) }
        runs = ConsumerThread.runs(of: records)
      }
      if !runs.isEmpty { events += table.handedOut(runs) }
      for (partition, offset) in content.ends { table.reachedEnd(partition, at: offset) }
      return records
    }
  }

  private static func runs(of records: [ConsumedRecord]) -> [PartitionTable.Run] {
    var runs: [PartitionTable.Run] = []
    for record in records {
      if let last = runs.last, last.partition == record.source, last.last < record.offset {
        runs[runs.count - 1].extend(to: record.offset)
      } else {
        runs.append(PartitionTable.Run(partition: record.source, first: record.offset, last: record.offset))
      }
    }
    return runs
  }

  private func note(_ content: MessageBatch.Content) {
    progress.withLock { progress in
      progress.handedOut(content.records)
      for (partition, offset) in content.ends { progress.advance(partition, to: offset) }
    }
  }

  private func performSeeks() {
    let due = table.withLock { $0.dueSeeks }
    guard !due.isEmpty else { return }
    rest?.discard(due.keys)
    let list = PartitionList(due)
    if let error = list.withHandle({ rd_kafka_seek_partitions(client.handle, $0, ConsumerThread.seekMS) }) {
      rd_kafka_error_destroy(error)
      return
    }
    // A partition that librdkafka has not begun to fetch refuses; its seek is due again with the next poll.
    for entry in list.entries where entry.code == RD_KAFKA_RESP_ERR_NO_ERROR {
      if let offset = due[entry.partition] { table.withLock { $0.sought(entry.partition, to: offset) } }
    }
  }

  /// Asks where the group stands in the logs of new partitions, before their first records are handed out: afterwards its offset has
  /// moved. librdkafka goes on at the log's start or end by itself when the log does not hold the group's offset, and does not say so.
  private func learnPositions() {
    guard isMember, !callbacks.isUnreachable else { return }
    let partitions = table.withLock { table in
      let partitions = table.unpositioned
      table.askedForPositions(of: partitions)
      return partitions
    }
    guard !partitions.isEmpty else { return }
    let committed = client.committed(of: partitions, timeoutMS: ConsumerThread.positionMS)
    guard !committed.isEmpty else { return }
    let answered = Array(committed.keys)
    let starts = client.offsets(of: answered, at: .beginning, timeoutMS: ConsumerThread.positionMS)
    let ends = client.offsets(of: answered, at: .end, timeoutMS: ConsumerThread.positionMS)
    let hasPins = table.withLock { table in
      for (partition, offset) in committed {
        guard let start = starts[partition], let end = ends[partition] else { continue }
        if let event = table.position(partition, committed: offset, log: start..<max(start, end), start: origin) {
          callbacks.add(event)
        }
      }
      let pins = table.pinned(committed.filter { $0.value == nil }.map(\.key))
      storeQuietly(table.store(pins).ours)
      return !pins.isEmpty
    }
    // At once, while the group is at rest: some brokers end a membership whose timed commit arrives during the next rebalance.
    if hasPins { _ = client.commitStored() }
  }

  /// Marks offsets that no record of the pipeline stands for, under the table's lock: a mark of the pipeline that comes meanwhile is the
  /// later one. A partition that went away needs no mark.
  private func storeQuietly(_ offsets: [TopicPartition: Int64]) {
    if !offsets.isEmpty { _ = client.store(PartitionList(offsets)) }
  }

  /// Asks now and then for what no record tells.
  private func measure() {
    let now = ConsumerThread.clock.uptime()
    guard isMember, now - lastMeasurement > ConsumerThread.measurementInterval, !callbacks.isUnreachable else { return }
    lastMeasurement = now
    measurePaused()
    measureGaps()
    table.withLock { storeQuietly($0.takeTrailing()) }
  }

  /// The end of a log is known from its fetches, and a paused partition has none; its lag is what an operator wants to see most.
  private func measurePaused() {
    for partition in table.withLock({ $0.paused }) {
      var low: Int64 = 0
      var high: Int64 = 0
      let code = rd_kafka_query_watermark_offsets(
        client.handle, partition.topic, partition.partition, &low, &high, ConsumerThread.measurementMS)
      // A broker that is slow now is asked again next time.
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
      if let event = table.withLock({ $0.measured(partition, low..<max(low, high)) }) { callbacks.add(event) }
    }
  }

  /// Whether offsets that were passed over had records is known from where the log begins now.
  private func measureGaps() {
    let gapped = table.withLock { $0.gapped }
    guard !gapped.isEmpty else { return }
    for (partition, start) in client.offsets(of: gapped, at: .beginning, timeoutMS: ConsumerThread.measurementMS) {
      if let event = table.withLock({ $0.begins(partition, at: start) }) { callbacks.add(event) }
    }
  }

  private func askIfSilent() {
    let isOutage = callbacks.isUnreachable
    guard !isJoining, let timeoutMS = reachability.due(ConsumerThread.clock.uptime(), isOutage: isOutage) else { return }
    let code = client.isReachable(askingAbout: topics[0], timeoutMS: timeoutMS)
    let hasAnswered = code == RD_KAFKA_RESP_ERR_NO_ERROR
    let isAway = reachability.asked(ConsumerThread.clock.uptime(), hasAnswered: hasAnswered)
    if hasAnswered { callbacks.reached() }
    if isAway, !isOutage { callbacks.fault(EventBusError(.unreachable, "no broker answers", isRetriable: true)) }
  }
}
