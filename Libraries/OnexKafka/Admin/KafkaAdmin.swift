import CRdKafka
import OnexCore

/// Looks at a cluster and changes its topics: one file for each kind of request.
public final class KafkaAdmin: Sendable {
  let client: KafkaClient
  /// How long the broker may take over one request.
  let timeoutMS: Int32

  /// - Parameter timeout: how long the broker may take over one request; ten seconds unless said otherwise.
  public init(
    _ connection: KafkaConnection, timeout: Duration? = nil, logger: Logger = .disabled
  ) throws(EventBusError) {
    let configuration = try KafkaConfiguration(connection, [])
    let callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    client = try KafkaClient(RD_KAFKA_PRODUCER, configuration, callbacks)
    let milliseconds = timeout.map { Int32(clamping: $0.microseconds / 1000) } ?? KafkaBounds.adminTimeoutMS
    timeoutMS = min(max(milliseconds, 1), KafkaBounds.adminTimeoutMaxMS)
  }

  /// Every topic of the cluster, internal ones included.
  public func topics() async throws(EventBusError) -> [TopicDescription] {
    let timeoutMS = timeoutMS
    return try await call("kafka-metadata") { client throws(EventBusError) in
      try KafkaMetadata.topics(client, only: nil, timeoutMS: timeoutMS)
    }
  }

  /// How long a broker takes to answer.
  public func ping(timeout: Duration = .seconds(3)) async throws(EventBusError) -> Duration {
    let clock = SystemClock()
    let milliseconds = Int32(clamping: timeout.microseconds / 1000)
    let start = clock.uptime()
    try await call("kafka-ping") { client throws(EventBusError) in
      let code = client.isReachable(askingAbout: "__consumer_offsets", timeoutMS: milliseconds)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventBusError(kafka: code) }
    }
    return clock.uptime() - start
  }

  /// Runs what blocks on a thread of its own.
  func call<Value: Sendable>(
    _ name: StaticString, _ body: @escaping @Sendable (KafkaClient) throws(EventBusError) -> Value
  ) async throws(EventBusError) -> Value {
    let client = client
    let result: Result<Value, EventBusError> = await AdapterThread.call(name) {
      do throws(EventBusError) {
        return .success(try body(client))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
