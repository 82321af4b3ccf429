import CRdKafka
import OnexCore

/// One kind of request of an administrator, on a queue of its own and waited for with a bound. Blocks.
struct AdminRequest {
  let client: KafkaClient
  /// For errors: what was asked for.
  let name: String
  let operation: rd_kafka_admin_op_t
  let timeoutMS: Int32

  /// - Parameters:
  ///   - send: hands the request to librdkafka with these options and this queue.
  ///   - read: takes what is needed out of the answer, which lives no longer than the call.
  func ask<Answer>(
    send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void, read: (_ event: OpaquePointer) -> Answer
  ) throws(EventBusError) -> Answer {
    let queue = rd_kafka_queue_new(client.handle)
    let options = rd_kafka_AdminOptions_new(client.handle, operation)
    defer {
      rd_kafka_AdminOptions_destroy(options)
      rd_kafka_queue_destroy(queue)
    }
    var text = [CChar](repeating: 0, count: 256)
    rd_kafka_AdminOptions_set_request_timeout(options, timeoutMS, &text, text.count)
    // How long the broker itself waits until a new topic is known everywhere; requests that know no such wait refuse the option.
    rd_kafka_AdminOptions_set_operation_timeout(options, timeoutMS, &text, text.count)
    send(options, queue)
    guard let event = rd_kafka_queue_poll(queue, timeoutMS + KafkaBounds.adminGraceMS) else {
      throw EventBusError(.timedOut, "\(name): the broker did not answer within \(timeoutMS) ms", isRetriable: true)
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let words = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
      throw EventBusError(kafka: code, "\(name): \(words)")
    }
    return read(event)
  }

  /// Asks about `items` in as few requests as the bound allows; what fails as a whole has failed for each.
  static func each<Item>(
    _ items: [Item], _ ask: (ArraySlice<Item>) throws(EventBusError) -> [EventBusError?]
  ) -> [EventBusError?] {
    var outcomes: [EventBusError?] = []
    for start in stride(from: 0, to: items.count, by: KafkaBounds.adminTopicsMax) {
      let batch = items[start..<min(start + KafkaBounds.adminTopicsMax, items.count)]
      do throws(EventBusError) {
        let answers = try ask(batch)
        let missing = EventBusError(.other, "the broker did not answer for this topic")
        outcomes += answers.prefix(batch.count) + Array(repeating: missing, count: max(0, batch.count - answers.count))
      } catch {
        outcomes += Array(repeating: error, count: batch.count)
      }
    }
    return outcomes
  }

  /// What the broker says of one topic; `nil` when it did as it was asked.
  static func error(_ result: OpaquePointer?) -> EventBusError? {
    let code = rd_kafka_topic_result_error(result)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return EventBusError(kafka: code, rd_kafka_topic_result_error_string(result).map { String(cString: $0) })
  }
}
