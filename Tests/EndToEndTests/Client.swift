import OnexCore
import OnexJSON
import OnexKafka
import OnexRuntime

/// A client of the runtime, over Kafka alone.
struct Client: Sendable {
  private let bus: KafkaEventBus
  private let producer: any EventProducer
  private let ids = RandomIDSource()

  init() throws {
    bus = KafkaEventBus(
      KafkaConnection(
        bootstrapServers: [try TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")], clientID: "end-to-end"))
    producer = try bus.producer()
  }

  func reader(_ topic: String, from start: ReaderStart = .end) async throws -> any EventReader {
    try await bus.reader(topics: [topic], from: start)
  }

  func publish(_ value: Bytes, to topic: String, key: Bytes? = nil, headers: [RecordHeader] = []) async throws {
    let failures = await producer.publish([OutboundRecord(topic: topic, key: key, value: value, headers: headers)])
    if let failure = failures.first { throw failure.error }
  }

  func text(_ operation: String, _ payload: String, _ id: CorrelationID) -> Bytes {
    Bytes(#"{"operation":"\#(operation)","payload":\#(payload),"correlation_id":"\#(id)"}"#)
  }

  func newID() -> CorrelationID { CorrelationID(ids.next()) }

  /// Sends a request and gives its response.
  func ask(
    _ operation: String, _ payload: String = "{}", topic: String = "requests", responses: String = "responses",
    within limit: Duration = .seconds(30)
  ) async throws -> JSONValue {
    let id = newID()
    let reader = try await reader(responses)
    try await publish(text(operation, payload, id), to: topic, key: Bytes(id.description))
    return try await answer(to: id, reader, within: limit)
  }

  func answer(to id: CorrelationID, _ reader: any EventReader, within limit: Duration = .seconds(30)) async throws -> JSONValue {
    guard let answer = try await ResponseWait(reader: reader, clock: SystemClock()).first(id, timeout: limit) else {
      throw TestFailure("no response with correlation id \(id) within \(limit)")
    }
    await reader.close()
    return try JSONValue.parse(answer)
  }

  /// Every record that a reader sees until `isLast` holds.
  func records(_ reader: any EventReader, until isLast: (ConsumedRecord) -> Bool) async throws -> [ConsumedRecord] {
    var all: [ConsumedRecord] = []
    let clock = SystemClock()
    let end = clock.uptime() + .seconds(30)
    while clock.uptime() < end {
      for case .records(let records) in await reader.poll(PollLimit()) {
        all += records
        if records.contains(where: isLast) { return all }
      }
    }
    throw TestFailure("the expected record did not come within 30 s")
  }
}
