import CRdKafka
import OnexCore

/// Looks at a cluster's topics and makes new ones.
public final class KafkaAdmin: Sendable {
  public struct TopicSpecification: Sendable, Hashable {
    public var name: String
    public var partitions: Int32
    public var replicationFactor: Int32
    public var configuration: [String: String]

    public init(name: String, partitions: Int32, replicationFactor: Int32, configuration: [String: String] = [:]) {
      self.name = name
      self.partitions = partitions
      self.replicationFactor = replicationFactor
      self.configuration = configuration
    }
  }

  public enum Creation: Sendable, Equatable {
    case created
    case alreadyExists
    case failed(EventBusError)
  }

  private let client: KafkaClient

  public init(_ connection: KafkaConnection, logger: Logger = .disabled) throws(EventBusError) {
    let configuration = try KafkaConfiguration(connection, [])
    let callbacks = ClientCallbacks(logger: logger)
    ClientCallbacks.install(on: configuration.handle)
    client = try KafkaClient(RD_KAFKA_PRODUCER, configuration, callbacks)
  }

  /// Every topic of the cluster, internal ones included.
  public func topics() async throws(EventBusError) -> [TopicDescription] {
    let client = client
    let found: Result<[TopicDescription], EventBusError> = await AdapterThread.call("kafka-metadata") {
      do throws(EventBusError) {
        return .success(try KafkaMetadata.topics(client, only: nil))
      } catch {
        return .failure(error)
      }
    }
    return try found.get()
  }

  /// How long a broker takes to answer.
  public func ping(timeout: Duration = .seconds(3)) async throws(EventBusError) -> Duration {
    let (client, clock) = (client, SystemClock())
    let milliseconds = Int32(clamping: timeout.microseconds / 1000)
    let start = clock.uptime()
    let code = await AdapterThread.call("kafka-ping") {
      client.isReachable(askingAbout: "__consumer_offsets", timeoutMS: milliseconds)
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EventBusError(kafka: code) }
    return clock.uptime() - start
  }

  /// Makes topics in one request.
  ///
  /// - Returns: one result for each, in the given order. Some may fail while others are made.
  public func create(_ topics: [TopicSpecification]) async -> [Creation] {
    guard !topics.isEmpty else { return [] }
    let client = client
    return await AdapterThread.call("kafka-create") { KafkaAdmin.create(topics, client) }
  }

  private static func create(_ topics: [TopicSpecification], _ client: KafkaClient) -> [Creation] {
    var handles: [OpaquePointer?] = []
    defer { for handle in handles { rd_kafka_NewTopic_destroy(handle) } }
    var results = [Creation?](repeating: nil, count: topics.count)
    var asked: [Int] = []
    for (index, topic) in topics.enumerated() {
      var text = [CChar](repeating: 0, count: 256)
      guard let handle = rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replicationFactor, &text, text.count) else {
        results[index] = .failed(EventBusError(.configuration, "\(topic.name): \(KafkaClient.string(text))"))
        continue
      }
      for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
        rd_kafka_NewTopic_set_config(handle, name, value)
      }
      handles.append(handle)
      asked.append(index)
    }
    if !asked.isEmpty {
      for (index, result) in zip(asked, request(&handles, client, asked.count)) { results[index] = result }
    }
    return results.map { $0 ?? .failed(EventBusError(.other, "the broker did not answer for this topic")) }
  }

  private static func request(_ handles: inout [OpaquePointer?], _ client: KafkaClient, _ count: Int) -> [Creation] {
    let queue = rd_kafka_queue_new(client.handle)
    let options = rd_kafka_AdminOptions_new(client.handle, RD_KAFKA_ADMIN_OP_CREATETOPICS)
    defer {
      rd_kafka_AdminOptions_destroy(options)
      rd_kafka_queue_destroy(queue)
    }
    var text = [CChar](repeating: 0, count: 256)
    rd_kafka_AdminOptions_set_request_timeout(options, 10_000, &text, text.count)
    rd_kafka_AdminOptions_set_operation_timeout(options, 10_000, &text, text.count)
    rd_kafka_CreateTopics(client.handle, &handles, handles.count, options, queue)
    guard let event = rd_kafka_queue_poll(queue, 15_000) else {
      return Array(repeating: .failed(EventBusError(.timedOut, "create topics", isRetriable: true)), count: count)
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let words = rd_kafka_event_error_string(event).map { String(cString: $0) }
      return Array(repeating: .failed(EventBusError(kafka: code, words)), count: count)
    }
    var size = 0
    let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &size)
    return (0..<size).map { index in result(results?[index]) }
  }

  private static func result(_ result: OpaquePointer?) -> Creation {
    switch rd_kafka_topic_result_error(result) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: .created
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: .alreadyExists
    case let code: .failed(EventBusError(kafka: code, rd_kafka_topic_result_error_string(result).map { String(cString: $0) }))
    }
  }
}
