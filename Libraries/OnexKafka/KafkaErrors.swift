import CRdKafka
import OnexCore

extension EventBusError {
  /// librdkafka's code in the bus's terms.
  init(kafka code: rd_kafka_resp_err_t, _ context: String? = nil) {
    let text = String(cString: rd_kafka_err2str(code))
    let message = context.map { "\($0): \(text)" } ?? text
    switch code {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
      self.init(.unreachable, message, isRetriable: true)
    case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
      RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
      self.init(.timedOut, message, isRetriable: true)
    case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR__SSL:
      self.init(.authentication, message)
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      self.init(.authorization, message)
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      self.init(.unsupported, message)
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      self.init(.unknownTopic, message)
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      self.init(.topicExists, message)
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
      self.init(.recordTooLarge, message)
    case RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      self.init(.recordRefused, message)
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      self.init(.queueFull, message, isRetriable: true)
    case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      self.init(.fenced, message, isFatal: true)
    case RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
      self.init(.fenced, message)
    case RD_KAFKA_RESP_ERR__DESTROY:
      self.init(.closed, message)
    case RD_KAFKA_RESP_ERR__FATAL:
      self.init(.other, message, isFatal: true)
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      self.init(.other, message, isRetriable: true)
    default:
      self.init(.other, message)
    }
  }
}
