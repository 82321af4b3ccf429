// The raw limit that the runtime is measured against: librdkafka alone, one process, consume and produce.
//
//   bare_loop create TOPIC...           makes topics with one partition
//   bare_loop fill TOPIC COUNT          writes COUNT echo requests of about 250 bytes
//   bare_loop copy FROM TO COUNT        the bare loop: reads COUNT records and writes each to TO as it is
//   bare_loop answer FROM TO COUNT      the same, but writes what a worker would: a value of a response's size, and its header
//   bare_loop measure TOPIC COUNT       waits until TOPIC has COUNT records; prints records a second from the first to the last
//   bare_loop join TOPIC GROUP          joins a new group; prints the milliseconds until it has partitions
//   bare_loop flow IN OUT COUNT WINDOW [OPERATION]
//                                       writes COUNT requests to IN, never more than WINDOW ahead of what comes to OUT
//   bare_loop pace IN OUT RATE SECONDS  writes RATE requests a second to IN and prints how long they took to OUT: the median and the
//                                       99th percentile, in milliseconds, without the first second
//   bare_loop lines TOPIC FILE          writes each line of FILE
//   bare_loop events TOPIC RATE SECONDS writes RATE events of an agent's actions a second, each created when it is written
//
// A backlog is kept small on purpose: the development broker answers a fetch with everything it has, whatever size was asked
// for, and a backlog of millions would measure that.
//
// The broker is KAFKA_BOOTSTRAP_SERVERS.
#define _GNU_SOURCE // memmem
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what, const char *why) {
  fprintf(stderr, "bare_loop: %s: %s\n", what, why);
  exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char text[256];
  if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK) die(name, text);
}

static rd_kafka_conf_t *configuration(void) {
  const char *servers = getenv("KAFKA_BOOTSTRAP_SERVERS");
  if (!servers) die("KAFKA_BOOTSTRAP_SERVERS", "is not set");
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", servers);
  set(conf, "log_level", "0");
  return conf;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char text[256];
  rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
  if (!rk) die("client", text);
  return rk;
}

// A client gathers requests for a moment before it sends them; a service has gathered what it sends by the batch.
#define CLIENT_LINGER_MS "2"
#define SERVICE_LINGER_MS "0"

// The same settings as the runtime's own producer, so that what is compared is the runtime and not a tuning.
static rd_kafka_t *producer(const char *linger_ms) {
  rd_kafka_conf_t *conf = configuration();
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", linger_ms);
  set(conf, "batch.num.messages", "10000");
  set(conf, "queue.buffering.max.messages", "100000");
  set(conf, "partitioner", "murmur2_random");
  return client(RD_KAFKA_PRODUCER, conf);
}

static rd_kafka_t *consumer(const char *topic, rd_kafka_queue_t **queue, int from_end) {
  rd_kafka_conf_t *conf = configuration();
  set(conf, "group.id", "bare-loop");
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.auto.offset.store", "false");
  set(conf, "fetch.wait.max.ms", "100");
  set(conf, "receive.message.max.bytes", "1000000000");
  rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(rk);
  *queue = rd_kafka_queue_get_consumer(rk);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
  int64_t low = 0, high = 0;
  if (rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, 10000)) die("offsets", topic);
  rd_kafka_topic_partition_list_add(list, topic, 0)->offset = from_end ? high : low;
  if (rd_kafka_assign(rk, list)) die("assign", topic);
  rd_kafka_topic_partition_list_destroy(list);
  return rk;
}

static void produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const void *key, size_t key_size, void *value, size_t size) {
  while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value, size, key, key_size, NULL)) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) die("produce", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(rk, 5);
  }
}

static void create(int count, char **names) {
  rd_kafka_t *rk = producer(CLIENT_LINGER_MS);
  rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
  char text[256];
  rd_kafka_NewTopic_t **topics = calloc((size_t)count, sizeof *topics);
  for (int i = 0; i < count; i++) topics[i] = rd_kafka_NewTopic_new(names[i], 1, 1, text, sizeof text);
  rd_kafka_CreateTopics(rk, topics, (size_t)count, NULL, queue);
  rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 10000);
  if (!event || rd_kafka_event_error(event)) die("create", event ? rd_kafka_event_error_string(event) : "timed out");
}

// Ids are spread over their whole range, as clients' are, and are another process's never again.
static uint64_t spread(long number) {
  static uint64_t seed;
  if (!seed) seed = ((uint64_t)time(NULL) << 20 ^ (uint64_t)getpid()) * 0x9e3779b97f4a7c15u | 1;
  uint64_t mixed = ((uint64_t)number + seed) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ mixed >> 31) * 0x94d049bb133111ebu;
  return mixed ^ mixed >> 29;
}

static void request(rd_kafka_t *rk, rd_kafka_topic_t *topic, const char *operation, long number) {
  char value[512], key[32];
  const unsigned head = (unsigned)(spread(number) >> 32);
  const unsigned long tail = spread(number) & 0xffffffff;
  int size = snprintf(value, sizeof value,
                      "{\"operation\":\"%s\",\"envelope_id\":\"%08x-0000-4000-8000-0000%08lx\","
                      "\"correlation_id\":\"%08x-0000-4000-9000-0000%08lx\",\"payload\":{\"number\":%ld,\"text\":"
                      "\"a payload of the usual size, which passes through\",\"flag\":true}}",
                      operation, head, tail, head, tail, number);
  int key_size = snprintf(key, sizeof key, "key-%ld", number % 1000);
  produce(rk, topic, key, (size_t)key_size, value, (size_t)size);
}

static void fill(const char *name, long count) {
  rd_kafka_t *rk = producer(CLIENT_LINGER_MS);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
  for (long i = 0; i < count; i++) {
    request(rk, topic, "compute.echo", i);
    if (i % 1000 == 0) rd_kafka_poll(rk, 0);
  }
  if (rd_kafka_flush(rk, 120000)) die("fill", "not everything was written");
}

static void flow(const char *in, const char *out, long count, long window, const char *operation) {
  rd_kafka_queue_t *queue;
  consumer(out, &queue, 1);
  rd_kafka_t *rk = producer(CLIENT_LINGER_MS);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, in, NULL);
  static rd_kafka_message_t *batch[4096];
  long sent = 0, seen = 0;
  while (seen < count) {
    for (; sent < count && sent - seen < window; sent++) request(rk, topic, operation, sent);
    rd_kafka_poll(rk, 0);
    ssize_t n = rd_kafka_consume_batch_queue(queue, 10, batch, 4096);
    for (ssize_t i = 0; i < n; i++) {
      if (!batch[i]->err) seen++;
      rd_kafka_message_destroy(batch[i]);
    }
  }
  _Exit(0);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// The number that the request of this payload has; -1 for anything else.
static long number_of(const rd_kafka_message_t *message) {
  static const char name[] = "\"number\":";
  const char *found = message->err ? NULL : memmem(message->payload, message->len, name, sizeof name - 1);
  return found ? atol(found + sizeof name - 1) : -1;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

// Says which requests have no answer, and the first record that answered none of them for the first time: an error, or a repeat.
static void unanswered(const double *times, long count, const char *other) {
  long missing = 0, first = -1, last = -1;
  for (long i = 0; i < count; i++) {
    if (times[i] != 0) continue;
    if (first < 0) first = i;
    last = i;
    missing++;
  }
  fprintf(stderr, "bare_loop: pace: %ld of %ld requests have no answer after a minute, from the %ldth to the %ldth%s%s\n", missing, count,
          first, last, other[0] ? "; there was also: " : "", other);
  exit(1);
}

static void pace(const char *in, const char *out, long rate, long length) {
  const long count = rate * length;
  rd_kafka_queue_t *queue;
  consumer(out, &queue, 1);
  rd_kafka_t *rk = producer(CLIENT_LINGER_MS);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, in, NULL);
  double *times = calloc((size_t)count, sizeof *times);
  static rd_kafka_message_t *batch[4096];
  char other[1024] = "";
  const double start = seconds();
  long sent = 0, seen = 0;
  while (seen < count) {
    // When each was due, not when it was sent: a client that is held up would hide what it waits for.
    const double now = seconds() - start;
    for (; sent < count && (double)sent / (double)rate <= now; sent++) request(rk, topic, "compute.echo", sent);
    rd_kafka_poll(rk, 0);
    if (now > (double)length + 60) unanswered(times, count, other);
    // Asked for one record, the call returns with the first; until the next request is due there is nothing else to do.
    ssize_t n = rd_kafka_consume_batch_queue(queue, 0, batch, 4096);
    if (n <= 0) n = rd_kafka_consume_batch_queue(queue, 1, batch, 1);
    for (ssize_t i = 0; i < n; i++) {
      const long number = number_of(batch[i]);
      if (number >= 0 && number < count && times[number] == 0) {
        times[number] = seconds() - start - (double)number / (double)rate;
        seen++;
      } else if (!other[0] && !batch[i]->err) {
        snprintf(other, sizeof other, "%.*s", (int)batch[i]->len, (const char *)batch[i]->payload);
      }
      rd_kafka_message_destroy(batch[i]);
    }
  }
  qsort(times + rate, (size_t)(count - rate), sizeof *times, ascending);
  const double *sorted = times + rate;
  printf("%.1f %.1f\n", sorted[(count - rate) / 2] * 1000, sorted[(count - rate) * 99 / 100] * 1000);
  fflush(stdout);
  _Exit(0);
}

// A response repeats the payload and adds what WIRE asks of every response; this is the difference for an echo.
enum { RESPONSE_EXTRA = 190 };

static void answer(rd_kafka_t *rk, rd_kafka_topic_t *topic, rd_kafka_message_t *request) {
  static char value[4096];
  if (request->len + RESPONSE_EXTRA > sizeof value) die("answer", "the request is too long");
  memcpy(value, request->payload, request->len);
  for (;;) {
    rd_kafka_resp_err_t code = rd_kafka_producev(
        rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(request->key, request->key_len),
        RD_KAFKA_V_VALUE(value, request->len + RESPONSE_EXTRA),
        RD_KAFKA_V_HEADER("message_id", "00000000-0000-4000-8000-000000000000", 36), RD_KAFKA_V_END);
    if (!code) return;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) die("answer", rd_kafka_err2str(code));
    rd_kafka_poll(rk, 5);
  }
}

static void copy(const char *from, const char *to, long count, int as_answer) {
  rd_kafka_queue_t *queue;
  rd_kafka_t *in = consumer(from, &queue, 0);
  (void)in;
  rd_kafka_t *out = producer(SERVICE_LINGER_MS);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(out, to, NULL);
  static rd_kafka_message_t *batch[4096];
  long done = 0;
  while (done < count) {
    ssize_t n = rd_kafka_consume_batch_queue(queue, 0, batch, 4096);
    if (n <= 0) n = rd_kafka_consume_batch_queue(queue, 100, batch, 1);
    for (ssize_t i = 0; i < n; i++) {
      if (!batch[i]->err) {
        if (as_answer) {
          answer(out, topic, batch[i]);
        } else {
          produce(out, topic, batch[i]->key, batch[i]->key_len, batch[i]->payload, batch[i]->len);
        }
        done++;
      }
      rd_kafka_message_destroy(batch[i]);
    }
    rd_kafka_poll(out, 0);
  }
  if (rd_kafka_flush(out, 120000)) die("copy", "not everything was written");
  // Without the clean-up of a long-lived client: the measure is in the records.
  fflush(stdout);
  _Exit(0);
}

// Looks at the end of the log, so that what counts is what the broker has and not what a client has queued.
static void measure(const char *topic, long count) {
  rd_kafka_t *rk = producer(CLIENT_LINGER_MS);
  int64_t low = 0, high = 0, first = 0;
  double start = 0;
  while (high < count) {
    if (rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, 10000)) die("offsets", topic);
    if (!start && high > 0) {
      start = seconds();
      first = high;
    }
    if (high < count) usleep(5000);
  }
  const double spent = seconds() - start;
  printf("%.0f\n", spent > 0 ? (double)(count - first) / spent : 0);
  fflush(stdout);
  _Exit(0);
}

// How long a group's first member waits for its partitions, whoever it is: the broker's share of a service's start.
static void join(const char *topic, const char *group) {
  const double start = seconds();
  rd_kafka_conf_t *conf = configuration();
  set(conf, "group.id", group);
  set(conf, "partition.assignment.strategy", "cooperative-sticky");
  set(conf, "enable.auto.commit", "false");
  rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(rk);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
  if (rd_kafka_subscribe(rk, list)) die("subscribe", topic);
  for (;;) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 2);
    if (message) rd_kafka_message_destroy(message);
    rd_kafka_topic_partition_list_t *assigned = NULL;
    if (rd_kafka_assignment(rk, &assigned)) die("assignment", topic);
    const int count = assigned->cnt;
    rd_kafka_topic_partition_list_destroy(assigned);
    if (count > 0) break;
  }
  printf("%.0f\n", (seconds() - start) * 1000);
  fflush(stdout);
  rd_kafka_consumer_close(rk);
  _Exit(0);
}

static void lines(const char *name, const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) die("lines", path);
  rd_kafka_t *rk = producer(CLIENT_LINGER_MS);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  for (long i = 0; (length = getline(&line, &room, file)) > 0; i++) {
    produce(rk, topic, NULL, 0, line, (size_t)length - (line[length - 1] == '\n'));
    if (i % 1000 == 0) rd_kafka_poll(rk, 0);
  }
  if (rd_kafka_flush(rk, 120000)) die("lines", "not everything was written");
}

static void event(rd_kafka_t *rk, rd_kafka_topic_t *topic, long number) {
  char value[1024], time_text[32];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%S", gmtime(&now.tv_sec));
  const uint64_t mixed = spread(number);
  const int size = snprintf(
      value, sizeof value,
      "{\"id\":\"%08x-0000-4000-8000-0000%08lx\",\"correlation_id\":\"%08x-0000-4000-9000-0000%08lx\",\"agent_name\":\"planner\","
      "\"action_type\":\"tool_call\",\"action_name\":\"search\",\"created_at\":\"%s.%06ldZ\",\"status\":\"ok\",\"duration_ms\":12,"
      "\"result\":\"found 14 files, 3 of them in tests\"}",
      (unsigned)(mixed >> 32), (unsigned long)(mixed & 0xffffffff), (unsigned)(mixed >> 32), (unsigned long)(mixed & 0xffffffff),
      time_text, now.tv_nsec / 1000);
  produce(rk, topic, NULL, 0, value, (size_t)size);
}

static void events(const char *name, long rate, long length) {
  rd_kafka_t *rk = producer(CLIENT_LINGER_MS);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
  const double start = seconds();
  for (long sent = 0; sent < rate * length;) {
    const double now = seconds() - start;
    for (; sent < rate * length && (double)sent / (double)rate <= now; sent++) event(rk, topic, sent);
    rd_kafka_poll(rk, 0);
    usleep(200);
  }
  if (rd_kafka_flush(rk, 120000)) die("events", "not everything was written");
}

int main(int argc, char **argv) {
  if (argc >= 3 && !strcmp(argv[1], "create")) create(argc - 2, argv + 2);
  else if (argc == 4 && !strcmp(argv[1], "fill")) fill(argv[2], atol(argv[3]));
  else if (argc == 5 && !strcmp(argv[1], "copy")) copy(argv[2], argv[3], atol(argv[4]), 0);
  else if (argc == 5 && !strcmp(argv[1], "answer")) copy(argv[2], argv[3], atol(argv[4]), 1);
  else if (argc == 4 && !strcmp(argv[1], "join")) join(argv[2], argv[3]);
  else if (argc == 4 && !strcmp(argv[1], "measure")) measure(argv[2], atol(argv[3]));
  else if ((argc == 6 || argc == 7) && !strcmp(argv[1], "flow"))
    flow(argv[2], argv[3], atol(argv[4]), atol(argv[5]), argc == 7 ? argv[6] : "compute.echo");
  else if (argc == 6 && !strcmp(argv[1], "pace") && atol(argv[5]) > 1) pace(argv[2], argv[3], atol(argv[4]), atol(argv[5]));
  else if (argc == 4 && !strcmp(argv[1], "lines")) lines(argv[2], argv[3]);
  else if (argc == 5 && !strcmp(argv[1], "events")) events(argv[2], atol(argv[3]), atol(argv[4]));
  else die("usage", "see the head of bare_loop.c");
  return 0;
}
