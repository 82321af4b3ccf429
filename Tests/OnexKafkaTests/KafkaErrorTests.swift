import CRdKafka
import OnexCore
import Testing

@testable import OnexKafka

@Suite struct KafkaErrorTests {
  @Test(arguments: [
    (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EventBusError.Code.authorization),
    (RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, .authorization), (RD_KAFKA_RESP_ERR__AUTHENTICATION, .authentication),
    (RD_KAFKA_RESP_ERR__TRANSPORT, .unreachable), (RD_KAFKA_RESP_ERR__TIMED_OUT, .timedOut),
    (RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, .topicExists), (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, .unknownTopic),
    (RD_KAFKA_RESP_ERR_INVALID_CONFIG, .other), (RD_KAFKA_RESP_ERR_POLICY_VIOLATION, .other),
  ])
  func anAnswerHasItsCode(_ code: rd_kafka_resp_err_t, _ expected: EventBusError.Code) {
    let error = EventBusError(kafka: code, "the broker's words")
    #expect(error.code == expected && error.message.contains("the broker's words"))
  }
}
