import CRdKafka
import OnexCore
import Synchronization

/// A member of a consumer group (KIP-429 incremental rebalancing, manual offset storage). Leaves the group when it is released, too.
final class KafkaConsumer: EventConsumer {
  private let thread: ConsumerThread

  init(_ connection: KafkaConnection, _ subscription: Subscription, logger: Logger) throws(EventBusError) {
    let configuration = try KafkaConfiguration(
      connection,
      KafkaConfiguration.fetching + [
        ("group.id", subscription.group),
        ("enable.auto.commit", "true"),
        ("auto.commit.interval.ms", String(KafkaBounds.commitIntervalMS)),
        ("auto.offset.reset", subscription.start.rawValue),
        // Offsets at the end of a log may belong to no record (transaction markers): only this says that everything was read.
        ("enable.partition.eof", "true"),
        ("partition.assignment.strategy", connection.assignmentStrategy),
        ("session.timeout.ms", String(KafkaBounds.sessionTimeoutMS)),
        ("max.poll.interval.ms", String(KafkaBounds.pollIntervalMaxMS)),
        ("heartbeat.interval.ms", "1000"),
        ("coordinator.query.interval.ms", "1000"),
        ("fetch.wait.max.ms", "100"),
      ] + (subscription.instance.map { [("group.instance.id", $0)] } ?? []))
    let callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    GroupCallbacks.install(on: configuration.handle)
    let client = try KafkaClient(RD_KAFKA_CONSUMER, configuration, callbacks)
    thread = ConsumerThread(client, topics: subscription.topics, isMember: true, start: subscription.start)
    thread.start()
  }

  deinit { thread.beginClosing() }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] { await thread.poll(limit) }

  func completeRevocation(_ partitions: [TopicPartition]) {
    let all = thread.table.withLock { $0.complete(partitions) }
    if !all.isEmpty { thread.order(.unassign(all)) }
  }

  /// Incremental cooperative rebalancing (KIP-429): a rebalance is over before partitions are wanted back, and the next begins when they
  /// were given up. Eager members give up inside the rebalance, which the broker bounds by the poll interval.
  var revocationMax: Duration {
    thread.client.callbacks.state.withLock { $0.isCooperative }
      ? KafkaBounds.cooperativeRevocationMax : KafkaBounds.eagerRevocationMax
  }

  func storeOffsets(_ next: [TopicPartition: Int64]) throws(EventBusError) {
    // Marked under the lock: the thread marks offsets too, and the later mark must be the later word.
    let error = thread.table.withLock { table -> EventBusError? in
      let (ours, foreign) = table.store(next)
      if !ours.isEmpty, let error = thread.client.store(PartitionList(ours)) { return error }
      return foreign.map { EventBusError(.fenced, "\($0) is not assigned to this member") }
    }
    if let error { throw error }
  }

  func commit() async throws(EventBusError) {
    let error: EventBusError? = await withCheckedContinuation { continuation in
      guard !thread.order(.commit(continuation)) else { return }
      continuation.resume(returning: EventBusError(.closed, "the consumer is closed"))
    }
    if let error { throw error }
  }

  func pause(_ partitions: [TopicPartition]) {
    let held = thread.table.withLock { $0.pause(partitions) }
    if !held.isEmpty { thread.order(.pause(held)) }
  }

  func resume(_ partitions: [TopicPartition]) {
    let held = thread.table.withLock { $0.resume(partitions) }
    if !held.isEmpty { thread.order(.resume(held)) }
  }

  func seek(_ partition: TopicPartition, to offset: Int64) throws(EventBusError) {
    guard thread.table.withLock({ $0.seek(partition, to: offset) }) else {
      throw EventBusError(.fenced, "\(partition) is not assigned to this member")
    }
  }

  func lag() -> [TopicPartition: Int64] {
    let table = thread.table.withLock { $0 }
    var lag: [TopicPartition: Int64] = [:]
    for partition in table.assigned {
      var low: Int64 = 0
      var high: Int64 = 0
      // Cached from the last fetch: costs no request, and is what the statistics callback would report.
      let code = rd_kafka_get_watermark_offsets(thread.client.handle, partition.topic, partition.partition, &low, &high)
      let end = max(code == RD_KAFKA_RESP_ERR_NO_ERROR ? high : -1, table.end(partition) ?? -1)
      guard end >= 0 else { continue }
      lag[partition] = max(end &- (table.settled(partition) ?? max(low, 0)), 0)
    }
    return lag
  }

  func close() async { await thread.close() }
}
