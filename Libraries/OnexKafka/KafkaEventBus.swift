import OnexCore

/// The event bus over librdkafka (2.0.2 and later).
public struct KafkaEventBus: EventBus {
  private let connection: KafkaConnection
  private let logger: Logger

  public init(_ connection: KafkaConnection, logger: Logger = .disabled) {
    self.connection = connection
    self.logger = logger
  }

  public func consumer(_ subscription: Subscription) throws(EventBusError) -> any EventConsumer {
    try KafkaConsumer(connection, subscription, logger: logger)
  }

  public func producer() throws(EventBusError) -> any EventProducer {
    try KafkaProducer(connection, logger: logger)
  }

  public func reader(topics: [String], from start: ReaderStart) async throws(EventBusError) -> any EventReader {
    let (connection, logger) = (connection, logger)
    let made: Result<KafkaReader, EventBusError> = await AdapterThread.call("kafka-reader") {
      do throws(EventBusError) {
        return .success(try KafkaReader(connection, topics, start, logger: logger))
      } catch {
        return .failure(error)
      }
    }
    return try made.get()
  }
}
