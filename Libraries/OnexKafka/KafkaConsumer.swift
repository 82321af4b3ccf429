import CRdKafka
import OnexCore
import Synchronization

/// A member of a consumer group (KIP-429 incremental rebalancing, manual offset storage).
public final class KafkaConsumer: EventConsumer {
  private struct State {
    var assigned: Set<TopicPartition> = []
    /// Handed to the pipeline for draining and not given back yet.
    var revoking: Set<TopicPartition> = []
    var stored: [TopicPartition: Int64] = [:]
    var isClosed = false
  }

  private let client: KafkaClient
  private let callbacks: ClientCallbacks
  private let poller: Poller
  private let state = Mutex(State())

  init(_ connection: KafkaConnection, _ subscription: Subscription, logger: Logger) throws(EventBusError) {
    let configuration = try KafkaConfiguration(
      connection,
      [
        ("group.id", subscription.group),
        ("enable.auto.offset.store", "false"),
        ("enable.auto.commit", "true"),
        ("auto.commit.interval.ms", String(KafkaBounds.commitIntervalMS)),
        ("auto.offset.reset", subscription.start.rawValue),
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("session.timeout.ms", String(KafkaBounds.sessionTimeoutMS)),
        ("heartbeat.interval.ms", "1000"),
        ("coordinator.query.interval.ms", "1000"),
        ("queued.max.messages.kbytes", String(KafkaBounds.consumerQueueKiB)),
        ("fetch.message.max.bytes", String(KafkaBounds.fetchBytesMax)),
        ("fetch.max.bytes", String(KafkaBounds.recordBytesMax)),
        ("receive.message.max.bytes", String(KafkaBounds.recordBytesMax + 4096)),
        ("fetch.wait.max.ms", "100"),
        ("fetch.error.backoff.ms", "100"),
        ("enable.partition.eof", "false"),
      ])
    callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    GroupCallbacks.install(on: configuration.handle)
    client = try KafkaClient(RD_KAFKA_CONSUMER, configuration, opaque: callbacks.retainedOpaque)
    let (topics, faults) = (subscription.topics, callbacks)
    poller = Poller(client, callbacks) { client in
      // Subscribing before a broker is connected makes librdkafka wait for its next coordinator query, up to a second.
      let error = client.isReachable(timeoutMS: KafkaBounds.metadataTimeoutMS)
      if error != RD_KAFKA_RESP_ERR_NO_ERROR { faults.fault(EventBusError(kafka: error)) }
      let list = PartitionList(topics.map { TopicPartition($0, RD_KAFKA_PARTITION_UA) })
      let refused = rd_kafka_subscribe(client.handle, list.handle)
      if refused != RD_KAFKA_RESP_ERR_NO_ERROR { faults.fault(EventBusError(kafka: refused, "subscribe")) }
    }
  }

  public func poll(_ limit: PollLimit) async -> [ConsumerEvent] {
    let events = await poller.poll(limit)
    state.withLock { state in
      for event in events {
        switch event {
        case .assigned(let partitions): state.assigned.formUnion(partitions)
        case .revoking(let partitions): state.revoking.formUnion(partitions)
        case .lost(let partitions): KafkaConsumer.forget(partitions, &state)
        case .records, .fault, .recovered: break
        }
      }
    }
    return events
  }

  private static func forget(_ partitions: [TopicPartition], _ state: inout State) {
    state.assigned.subtract(partitions)
    state.revoking.subtract(partitions)
    for partition in partitions { state.stored[partition] = nil }
  }

  public func completeRevocation(_ partitions: [TopicPartition]) {
    let open = state.withLock { state in
      let open = state.isClosed ? [] : state.revoking.intersection(partitions)
      KafkaConsumer.forget(partitions, &state)
      return open
    }
    guard !open.isEmpty else { return }
    // The commit and the unassignment block for a round trip each.
    let client = client
    AdapterThread.start("kafka-revoke") {
      rd_kafka_commit(client.handle, nil, 0)
      GroupCallbacks.unassign(client.handle, PartitionList(open))
    }
  }

  public func storeOffsets(_ next: [TopicPartition: Int64]) throws(EventBusError) {
    let foreign = state.withLock { state in
      let foreign = next.keys.filter { !state.assigned.contains($0) }
      for (partition, offset) in next where state.assigned.contains(partition) { state.stored[partition] = offset }
      return foreign
    }
    let ours = foreign.isEmpty ? next : next.filter { !foreign.contains($0.key) }
    let list = PartitionList(ours)
    let code = ours.isEmpty ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_offsets_store(client.handle, list.handle)
    if let first = foreign.first { throw EventBusError(.fenced, "\(first) is not assigned to this member") }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw list.firstError ?? EventBusError(kafka: code) }
    if let error = list.firstError { throw error }
  }

  public func commit() async throws(EventBusError) {
    let client = client
    let code = await AdapterThread.call("kafka-commit") { rd_kafka_commit(client.handle, nil, 0) }
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR, code != RD_KAFKA_RESP_ERR__NO_OFFSET else { return }
    throw EventBusError(kafka: code, "commit")
  }

  public func pause(_ partitions: [TopicPartition]) {
    guard !partitions.isEmpty else { return }
    rd_kafka_pause_partitions(client.handle, PartitionList(partitions).handle)
  }

  public func resume(_ partitions: [TopicPartition]) {
    guard !partitions.isEmpty else { return }
    rd_kafka_resume_partitions(client.handle, PartitionList(partitions).handle)
  }

  public func seek(_ partition: TopicPartition, to offset: Int64) throws(EventBusError) {
    let list = PartitionList([partition: offset])
    // Without a wait: the seek takes effect before the partition's next record.
    if let error = rd_kafka_seek_partitions(client.handle, list.handle, 0) {
      defer { rd_kafka_error_destroy(error) }
      throw EventBusError(kafka: rd_kafka_error_code(error), "seek \(partition)")
    }
    if let error = list.firstError { throw error }
  }

  public func lag() -> [TopicPartition: Int64] {
    let (assigned, stored) = state.withLock { ($0.assigned, $0.stored) }
    var lag: [TopicPartition: Int64] = [:]
    for partition in assigned {
      var low: Int64 = 0
      var high: Int64 = 0
      // Cached from the last fetch: costs no request, and is what the statistics callback would report.
      guard
        rd_kafka_get_watermark_offsets(client.handle, partition.topic, partition.partition, &low, &high)
          == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0
      else { continue }
      lag[partition] = max(high - (stored[partition] ?? position(partition) ?? low), 0)
    }
    return lag
  }

  private func position(_ partition: TopicPartition) -> Int64? {
    let list = PartitionList([partition])
    guard rd_kafka_position(client.handle, list.handle) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    let offset = list.handle.pointee.elems[0].offset
    return offset >= 0 ? offset : nil
  }

  public func close() async {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard isFirst else { return }
    poller.stop()
    let open = state.withLock { $0.revoking }
    callbacks.state.withLock { $0.isClosing = true }
    let client = client
    await AdapterThread.call("kafka-close") {
      rd_kafka_commit(client.handle, nil, 0)
      if !open.isEmpty { GroupCallbacks.unassign(client.handle, PartitionList(open)) }
      rd_kafka_consumer_close(client.handle)
    }
  }
}
