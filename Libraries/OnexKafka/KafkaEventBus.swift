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

  /// The id that the cluster gave itself when its first broker was formatted, as metadata reports it (KIP-78): at most 249 bytes, the same
  /// on every broker and over restarts. A cluster whose data was lost comes back under another one.
  ///
  /// - Returns: `nil` when the brokers report none.
  /// - Throws: `EventBusError` when no broker answers within ten seconds.
  public func clusterID() async throws(EventBusError) -> String? {
    let (connection, logger) = (connection, logger)
    let answer: Result<String?, EventBusError> = await AdapterThread.call("kafka-cluster-id") {
      do throws(EventBusError) {
        return .success(try KafkaMetadata.clusterID(connection, logger: logger))
      } catch {
        return .failure(error)
      }
    }
    return try answer.get()
  }
}
