import CRdKafka
import OnexCore

/// What the group coordinator wants, turned into events.
///
/// Partitions are taken at once. Partitions that are wanted back stay until the pipeline has finished with them: librdkafka
/// waits for the unassign call, and keeps the membership alive meanwhile.
enum GroupCallbacks {
  static func install(on configuration: OpaquePointer) {
    rd_kafka_conf_set_rebalance_cb(configuration) { handle, code, partitions, opaque in
      guard let handle, let callbacks = ClientCallbacks.of(opaque) else { return }
      GroupCallbacks.rebalance(handle, code, partitions, callbacks)
      ClientCallbacks.endPoll(handle)
    }
  }

  private static func rebalance(
    _ handle: OpaquePointer, _ code: rd_kafka_resp_err_t,
    _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ callbacks: ClientCallbacks
  ) {
    let named = [TopicPartition](partitions)
    switch code {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
      assign(handle, partitions, callbacks)
      // librdkafka remembers that a partition was paused when this member had it before.
      if !named.isEmpty { rd_kafka_resume_partitions(handle, partitions) }
      if named.isEmpty { callbacks.reached() } else { callbacks.joined() }
      callbacks.add(.assigned(named))
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
      let isLost = rd_kafka_assignment_lost(handle) != 0
      if isLost || named.isEmpty || callbacks.state.withLock({ $0.isClosing }) {
        unassign(handle, PartitionList(named), callbacks)
        if isLost { callbacks.add(.lost(named)) }
      } else {
        callbacks.add(.revoking(named))
      }
    default:
      rd_kafka_assign(handle, nil)
      callbacks.fault(EventBusError(kafka: code, "rebalance"))
    }
  }

  private static func assign(
    _ handle: OpaquePointer, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ callbacks: ClientCallbacks
  ) {
    // The group's leader decides; a group shared with an older client may still be eager.
    let isCooperative = rd_kafka_rebalance_protocol(handle).map { String(cString: $0) == "COOPERATIVE" } ?? true
    callbacks.state.withLock { state in
      state.isCooperative = isCooperative
      state.hasAssignment = true
    }
    guard isCooperative else {
      rd_kafka_assign(handle, partitions)
      return
    }
    guard let error = rd_kafka_incremental_assign(handle, partitions) else { return }
    callbacks.fault(EventBusError(kafka: rd_kafka_error_code(error), "assign"))
    rd_kafka_error_destroy(error)
  }

  static func unassign(_ handle: OpaquePointer, _ list: borrowing PartitionList, _ callbacks: ClientCallbacks) {
    guard callbacks.state.withLock({ $0.isCooperative }) else {
      rd_kafka_assign(handle, nil)
      return
    }
    if let error = list.withHandle({ rd_kafka_incremental_unassign(handle, $0) }) { rd_kafka_error_destroy(error) }
  }
}
