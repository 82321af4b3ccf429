import OnexCore
import OnexKafka
import OnexRuntime

/// Sends a request over Kafka and waits for its response.
struct RequestExchange: Sendable {
  let context: ControlContext

  /// - Returns: the response's text; `nil` when none came in time.
  func send(_ draft: RequestDraft, topic: String, responses: String, timeout: Duration) async throws -> Bytes? {
    do {
      let bus = try context.eventBus()
      // Positioned before the request is sent, so that the answer cannot be missed.
      let reader = try await bus.reader(topics: [responses], from: .end)
      let producer = try bus.producer()
      let record = OutboundRecord(topic: topic, key: Bytes(draft.correlationID.description), value: draft.text)
      let failures = await producer.publish([record])
      if let failure = failures.first { throw failure.error }
      let answer = await ResponseWait(reader: reader, clock: context.clock).first(draft.correlationID, timeout: timeout)
      await reader.close()
      await producer.close(timeout: .seconds(1))
      return answer
    } catch let error as EventBusError {
      throw context.unavailable(error)
    }
  }
}
