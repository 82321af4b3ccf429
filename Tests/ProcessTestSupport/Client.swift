import OnexCore
import OnexJSON
import OnexKafka
import OnexRuntime
import Synchronization

/// A client of the runtime, over Kafka alone.
package final class Client: Sendable {
  private let bus: KafkaEventBus
  private let producer: Mutex<any EventProducer>
  private let ids = RandomIDSource()
  private static let attemptsMax = 100

  /// - Parameter bootstrapServers: of another broker than the one that `make test` started.
  package init(_ bootstrapServers: String? = nil) throws {
    let servers = try bootstrapServers ?? TestEnvironment.value("KAFKA_BOOTSTRAP_SERVERS")
    bus = KafkaEventBus(KafkaConnection(bootstrapServers: [servers], clientID: "end-to-end"))
    producer = Mutex(try bus.producer())
  }

  package func reader(_ topic: String, from start: ReaderStart = .end) async throws -> any EventReader {
    try await bus.reader(topics: [topic], from: start)
  }

  package func publish(_ value: Bytes, to topic: String, key: Bytes? = nil, headers: [RecordHeader] = []) async throws {
    try await publish([OutboundRecord(topic: topic, key: key, value: value, headers: headers)])
  }

  /// Returns when all of them are acknowledged. An outage of the broker is waited out; what it refuses when it is back (it may have
  /// forgotten the producer) is sent again.
  package func publish(_ records: [OutboundRecord]) async throws {
    var open = records
    var last: EventBusError?
    for _ in 0..<Client.attemptsMax {
      let failures = await producer.withLock({ $0 }).publish(open)
      guard let failure = failures.first else { return }
      guard failure.error.code != .recordTooLarge else { throw failure.error }
      open = failures.map { open[$0.index] }
      last = failure.error
      // librdkafka gives an idempotent producer up whose broker has forgotten what it was sent; a client begins anew then.
      if failure.error.isFatal { try producer.withLock { $0 = try bus.producer() } }
      try await SystemClock().sleep(for: .milliseconds(200))
    }
    throw TestFailure("\(open.count) records were refused \(Client.attemptsMax) times: \(last?.description ?? "")")
  }

  package func text(_ operation: String, _ payload: String, _ id: CorrelationID) -> Bytes {
    Bytes(#"{"operation":"\#(operation)","payload":\#(payload),"correlation_id":"\#(id)"}"#)
  }

  package func newID() -> CorrelationID { CorrelationID(ids.next()) }

  /// Sends a request and gives its response.
  package func ask(
    _ operation: String, _ payload: String = "{}", topic: String = "requests", responses: String = "responses",
    within limit: Duration = .seconds(30)
  ) async throws -> JSONValue {
    let id = newID()
    let reader = try await reader(responses)
    try await publish(text(operation, payload, id), to: topic, key: Bytes(id.description))
    return try await answer(to: id, reader, within: limit)
  }

  package func answer(to id: CorrelationID, _ reader: any EventReader, within limit: Duration = .seconds(30)) async throws
    -> JSONValue
  {
    guard let answer = try await ResponseWait(reader: reader, clock: SystemClock()).first(id, timeout: limit) else {
      throw TestFailure("no response with correlation id \(id) within \(limit)")
    }
    await reader.close()
    return try JSONValue.parse(answer)
  }

  /// Everything that is in a topic now; the records of one partition in their order.
  package func everything(in topic: String) async throws -> [ConsumedRecord] {
    let reader = try await reader(topic, from: .beginning)
    var all: [ConsumedRecord] = []
    while reader.remaining() > 0 {
      for case .records(let records) in await reader.poll(PollLimit()) { all += records }
    }
    await reader.close()
    return all
  }

  /// Every record that a reader sees until `isLast` holds.
  package func records(_ reader: any EventReader, until isLast: (ConsumedRecord) -> Bool) async throws -> [ConsumedRecord] {
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
