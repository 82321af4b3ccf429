#pragma once
// librdkafka's producer call with headers is variadic, which Swift does not import.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Copies key and value. Takes `headers` over only when it succeeds. A null value is a tombstone.
static inline rd_kafka_resp_err_t onex_kafka_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition,
                                                     const void *key, size_t key_size, const void *value, size_t value_size,
                                                     rd_kafka_headers_t *headers, void *opaque) {
  if (!headers) {
    if (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, (void *)value, value_size, key, key_size, opaque) == 0)
      return RD_KAFKA_RESP_ERR_NO_ERROR;
    return rd_kafka_last_error();
  }
  return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
                           RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_HEADERS(headers),
                           RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}
