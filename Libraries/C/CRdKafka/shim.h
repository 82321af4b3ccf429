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

// Setting some settings of a topic and leaving the others alone is IncrementalAlterConfigs (KIP-339), which librdkafka has from 2.2 on.
// Before, there is AlterConfigs alone, which puts back to its default what it is not told: the caller tells it everything.
static inline int onex_kafka_alters_incrementally(void) {
#if RD_KAFKA_VERSION >= 0x020200ff
  return 1;
#else
  return 0;
#endif
}

static inline rd_kafka_admin_op_t onex_kafka_alter_operation(void) {
#if RD_KAFKA_VERSION >= 0x020200ff
  return RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
#else
  return RD_KAFKA_ADMIN_OP_ALTERCONFIGS;
#endif
}

static inline void onex_kafka_set_config(rd_kafka_ConfigResource_t *resource, const char *name, const char *value) {
#if RD_KAFKA_VERSION >= 0x020200ff
  rd_kafka_error_t *error =
      rd_kafka_ConfigResource_add_incremental_config(resource, name, RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value);
  if (error) rd_kafka_error_destroy(error);
#else
  rd_kafka_ConfigResource_set_config(resource, name, value);
#endif
}

static inline void onex_kafka_alter_configs(rd_kafka_t *client, rd_kafka_ConfigResource_t **resources, size_t count,
                                            const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue) {
#if RD_KAFKA_VERSION >= 0x020200ff
  rd_kafka_IncrementalAlterConfigs(client, resources, count, options, queue);
#else
  rd_kafka_AlterConfigs(client, resources, count, options, queue);
#endif
}

static inline const rd_kafka_ConfigResource_t **onex_kafka_altered(rd_kafka_event_t *event, size_t *count) {
#if RD_KAFKA_VERSION >= 0x020200ff
  return rd_kafka_IncrementalAlterConfigs_result_resources(rd_kafka_event_IncrementalAlterConfigs_result(event), count);
#else
  return rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), count);
#endif
}
