import CRdKafka
import OnexCore
import OnexKafka
import Synchronization

/// librdkafka's own cluster inside the process: real protocol over real sockets, with faults on demand.
final class MockCluster: @unchecked Sendable {
  struct Unavailable: Error {}

  /// Protocol requests that faults can be put on.
  enum Request: Int16 {
    case produce = 0
    case fetch = 1
    case heartbeat = 12
    case syncGroup = 14
    case offsetCommit = 8
  }

  private let client: OpaquePointer
  private let cluster: OpaquePointer
  private let topics = Atomic<Int>(0)
  let bootstrapServers: String

  init(brokers: Int32 = 1) throws {
    let configuration = rd_kafka_conf_new()
    rd_kafka_conf_set_log_cb(configuration, nil)
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0),
      let cluster = rd_kafka_mock_cluster_new(client, brokers), let servers = rd_kafka_mock_cluster_bootstraps(cluster)
    else { throw Unavailable() }
    self.client = client
    self.cluster = cluster
    bootstrapServers = String(cString: servers)
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(client)
  }

  func bus(_ overrides: [String: String] = [:]) -> KafkaEventBus {
    var connection = KafkaConnection(bootstrapServers: [bootstrapServers], clientID: "tests")
    connection.overrides = overrides
    return KafkaEventBus(connection)
  }

  func makeTopic(_ partitions: Int) -> String {
    let name = "topic-\(topics.add(1, ordering: .relaxed).newValue)"
    rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1)
    return name
  }

  /// Writes what no producer of ours does: a record without a value, of any time, with a header that has neither name nor value and one
  /// whose value is a NUL. Returns when the cluster has it.
  func produce(_ topic: String, milliseconds: Int64) throws {
    let configuration = rd_kafka_conf_new()
    rd_kafka_conf_set_log_cb(configuration, nil)
    rd_kafka_conf_set(configuration, "bootstrap.servers", bootstrapServers, nil, 0)
    guard let producer = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else { throw Unavailable() }
    defer { rd_kafka_destroy(producer) }
    let headers = rd_kafka_headers_new(2)
    rd_kafka_header_add(headers, "", 0, nil, 0)
    rd_kafka_header_add(headers, "h", 1, [UInt8(0)], 1)
    try topic.withCString { name in
      var parts = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 4)
      parts[0].vtype = RD_KAFKA_VTYPE_TOPIC
      parts[0].u.cstr = name
      parts[1].vtype = RD_KAFKA_VTYPE_PARTITION
      parts[1].u.i32 = 0
      parts[2].vtype = RD_KAFKA_VTYPE_TIMESTAMP
      parts[2].u.i64 = milliseconds
      parts[3].vtype = RD_KAFKA_VTYPE_HEADERS
      parts[3].u.headers = headers
      let error = rd_kafka_produceva(producer, &parts, parts.count)
      defer { rd_kafka_error_destroy(error) }
      guard error == nil, rd_kafka_flush(producer, 10_000) == RD_KAFKA_RESP_ERR_NO_ERROR else { throw Unavailable() }
    }
  }

  /// The next requests of this kind get these answers.
  func fail(_ request: Request, with errors: [rd_kafka_resp_err_t]) {
    errors.withUnsafeBufferPointer { buffer in
      rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, buffer.count, buffer.baseAddress)
    }
  }

  func setRoundTrip(milliseconds: Int32) { rd_kafka_mock_broker_set_rtt(cluster, -1, milliseconds) }
  func setDown() { rd_kafka_mock_broker_set_down(cluster, -1) }
  func setUp() { rd_kafka_mock_broker_set_up(cluster, -1) }
}
