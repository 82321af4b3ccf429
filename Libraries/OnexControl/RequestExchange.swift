import OnexCore
import OnexKafka
import OnexRuntime

/// Sends requests over Kafka and waits for their responses, one after the other.
struct RequestExchange: Sendable {
  private let context: ControlContext
  private let reader: any EventReader
  private let producer: any EventProducer

  /// - Parameter timeout: of the whole exchange, its connection included.
  /// - Throws: `ControlFailure` when the broker cannot be used, or a topic does not exist.
  init(_ context: ControlContext, requests: String, responses: String, timeout: Duration) async throws {
    self.context = context
    do {
      let bus = try context.eventBus(answerMax: min(timeout, ControlContext.answerMax))
      // A producer waits for a topic that is not there; a person has mistyped it.
      try await bus.reader(topics: [requests], from: .end).close()
      // Positioned before anything is sent, so that no answer can be missed.
      reader = try await bus.reader(topics: [responses], from: .end)
      producer = try bus.producer()
    } catch let error as EventBusError {
      throw context.unavailable(error)
    }
  }

  /// - Returns: the response's text; `nil` when none came in time.
  func send(_ draft: RequestDraft, topic: String, timeout: Duration) async throws -> Bytes? {
    let record = OutboundRecord(topic: topic, key: Bytes(draft.correlationID.description), value: draft.text)
    let end = context.clock.uptime() + timeout
    // The producer waits an outage out; a person does not.
    let expiry = Task {
      try await context.clock.sleep(untilUptime: end)
      await producer.close(timeout: .zero)
    }
    let failures = await producer.publish([record])
    expiry.cancel()
    do {
      if let failure = failures.first { throw failure.error }
      return try await ResponseWait(reader: reader, clock: context.clock)
        .first(draft.correlationID, causedBy: draft.envelopeID, timeout: max(end - context.clock.uptime(), .zero))
    } catch let error as EventBusError {
      throw context.unavailable(error)
    }
  }

  func close() async {
    await reader.close()
    await producer.close(timeout: .seconds(1))
  }
}
