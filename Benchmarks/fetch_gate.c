// Stands between clients and the development broker and gives a fetch the wait that the protocol promises.
//
//   fetch_gate BROKER_PORT     listens on a free port of 127.0.0.1, prints it, and passes on to 127.0.0.1:BROKER_PORT
//
// A broker answers a fetch when it has min_bytes of records, or after max_wait_ms (https://kafka.apache.org/protocol, Fetch). The
// development broker answers at once, so that every idle client asks thousands of times a second and takes the processor from
// what a benchmark measures. The gate keeps such an answer to itself and asks again, the same bytes, as soon as the broker has
// acknowledged records of one of its topics, and every GATE_PAUSE_US microseconds (20000) for what it did not see, until there are
// records, an error, or the wait is over. All else passes as it is.
//
// Nor does the development broker keep to a fetch's max_bytes: it answers with all that a partition has. The gate passes on as many whole
// record batches as the client asked for, at least one of the first partition that has any (KIP-74); the client asks for the rest.
//
// A held fetch holds the later requests of its connection, as a broker does: it takes a connection's next request when it has
// answered the one before. Answers so stay in order, and since every wait ends, nothing waits for ever.
//
// Understood are Fetch up to version 11 and Produce up to version 8, which librdkafka 2.0.2 does not exceed; a later Fetch passes
// unheld, a later Produce unnoticed.
#define _GNU_SOURCE // accept4, epoll_pwait2, memmem
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PRODUCE = 0, FETCH = 1, METADATA = 3, FIND_COORDINATOR = 10, FETCH_VERSION_MAX = 11, PRODUCE_VERSION_MAX = 8 };
// A response is at most what the clients of the benchmarks take (receive.message.max.bytes of bare_loop).
enum { FRAME_MAX = 1000000000, FRAME_MIN = 4, REQUEST_MIN = 8, READ_SIZE = 1 << 16, UNSENT_MAX = 1 << 20 };
enum { NOTED_MAX = 64, EVENTS_MAX = 64 };

struct buffer {
  unsigned char *bytes;
  size_t begin, end, size;
};

struct session;
struct side {
  struct session *session;
  int socket;
  uint32_t events; // that epoll was asked for
  struct buffer in, out;
};

enum fetch_state { NO_FETCH, ASKED, PAUSED };

struct session {
  struct session *next;
  struct side client, broker;
  int closed;
  enum fetch_state state;
  struct buffer fetch; // the request that is ASKED or PAUSED, whole
  int64_t ask_at, answer_by;
  int is_late; // the broker may have been ASKED before the records that it has acknowledged meanwhile
  // Requests whose answers are looked into: by whoever writes, and where the broker's port is named.
  struct {
    int32_t correlation;
    int key;
  } noted[NOTED_MAX];
  int noted_count;
};

static struct session *sessions;
static int poll_set, listener;
static uint16_t gate_port, broker_port;
static int64_t pause_ns = 20000000;

static void die(const char *what) {
  fprintf(stderr, "fetch_gate: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// MARK: Buffers

static size_t held(const struct buffer *buffer) { return buffer->end - buffer->begin; }

static unsigned char *room(struct buffer *buffer, size_t count) {
  if (buffer->begin == buffer->end) buffer->begin = buffer->end = 0;
  if (buffer->begin && buffer->size - buffer->end < count) {
    memmove(buffer->bytes, buffer->bytes + buffer->begin, held(buffer));
    buffer->end -= buffer->begin;
    buffer->begin = 0;
  }
  if (buffer->size - buffer->end < count) {
    buffer->size = (buffer->end + count) * 2;
    buffer->bytes = realloc(buffer->bytes, buffer->size);
    if (!buffer->bytes) die("memory");
  }
  return buffer->bytes + buffer->end;
}

static void append(struct buffer *buffer, const unsigned char *bytes, size_t count) {
  memcpy(room(buffer, count), bytes, count);
  buffer->end += count;
}

// MARK: The protocol

// Reads integers in network order; beyond the end it reads zeros and remembers that it failed.
struct reader {
  const unsigned char *at, *end;
  int failed;
};

static void skip(struct reader *reader, int64_t count) {
  if (count < 0 || count > reader->end - reader->at) {
    reader->failed = 1;
    reader->at = reader->end;
  } else {
    reader->at += count;
  }
}

static int64_t integer(struct reader *reader, int bytes) {
  const unsigned char *from = reader->at;
  skip(reader, bytes);
  if (reader->failed) return 0;
  uint64_t value = from[0] & 0x80 ? UINT64_MAX : 0;
  for (int i = 0; i < bytes; i++) value = value << 8 | from[i];
  return (int64_t)value;
}

// Null, length -1, has no bytes, as an empty one has.
static int64_t skip_sized(struct reader *reader, int64_t length) {
  if (length < 0) return 0;
  skip(reader, length);
  return length;
}

// The first frame of the buffer, its size included: 0 when it is not there yet, -1 when it cannot be one.
static int64_t frame(const struct buffer *buffer, int64_t min) {
  if (held(buffer) < 4) return 0;
  struct reader reader = {buffer->bytes + buffer->begin, buffer->bytes + buffer->end, 0};
  const int64_t size = integer(&reader, 4);
  if (size < min || size > FRAME_MAX) return -1;
  return size + 4 <= (int64_t)held(buffer) ? size + 4 : 0;
}

struct request {
  int key, version;
  int32_t correlation;
  // Of a fetch only. A partition's bound is that of the first one asked for: librdkafka has one for all.
  int64_t max_wait_ms, min_bytes, max_bytes, partition_max_bytes;
};

static struct request request_in(const unsigned char *bytes, int64_t size) {
  struct reader reader = {bytes + 4, bytes + size, 0};
  struct request request = {0};
  request.key = (int)integer(&reader, 2);
  request.version = (int)integer(&reader, 2);
  request.correlation = (int32_t)integer(&reader, 4);
  if (request.key != FETCH || request.version > FETCH_VERSION_MAX) return request;
  skip_sized(&reader, integer(&reader, 2)); // client id
  skip(&reader, 4);                         // replica id
  request.max_wait_ms = integer(&reader, 4);
  request.min_bytes = integer(&reader, 4);
  request.max_bytes = request.partition_max_bytes = FRAME_MAX;
  if (request.version >= 3) request.max_bytes = integer(&reader, 4);
  if (request.version >= 4) skip(&reader, 1); // isolation level
  if (request.version >= 7) skip(&reader, 8); // session id and epoch
  if (integer(&reader, 4) > 0) {
    skip_sized(&reader, integer(&reader, 2)); // topic
    skip(&reader, 4 + 4);                     // partitions, partition
    if (request.version >= 9) skip(&reader, 4); // leader epoch
    skip(&reader, 8);                           // offset
    if (request.version >= 5) skip(&reader, 8); // log start offset
    request.partition_max_bytes = integer(&reader, 4);
  }
  if (reader.failed) request.max_wait_ms = 0;
  return request;
}

static int32_t correlation_of(const unsigned char *bytes) {
  struct reader reader = {bytes + 4, bytes + 8, 0};
  return (int32_t)integer(&reader, 4);
}

static void put(unsigned char *at, int64_t number) {
  const uint32_t text = htonl((uint32_t)number);
  memcpy(at, &text, sizeof text);
}

// Of so many bytes of record batches, those of the first that fit into max; the first one in any case when it must be.
static int64_t whole_batches(const unsigned char *bytes, int64_t size, int64_t max, int must) {
  struct reader reader = {bytes, bytes + size, 0};
  int64_t kept = 0;
  while (reader.at < reader.end) {
    skip(&reader, 8); // base offset
    skip(&reader, integer(&reader, 4));
    const int64_t taken = reader.at - bytes;
    if (reader.failed || (taken > max && (kept || !must))) break;
    kept = taken;
  }
  return kept;
}

// Bytes of records in the answer to a fetch; -1 when it tells of an error, or is not what its version should look like. Those
// beyond what was asked for are taken out, and the size becomes what is left.
static int64_t records_in(unsigned char *bytes, int64_t *size_left, const struct request *fetch) {
  const int version = fetch->version;
  int64_t size = *size_left;
  struct reader reader = {bytes + 8, bytes + size, 0};
  int64_t records = 0, errors = 0;
  if (version >= 1) skip(&reader, 4); // throttle time
  if (version >= 7) {
    errors |= integer(&reader, 2);
    skip(&reader, 4); // session id
  }
  for (int64_t topics = integer(&reader, 4); topics > 0 && !reader.failed; topics--) {
    skip_sized(&reader, integer(&reader, 2));
    for (int64_t partitions = integer(&reader, 4); partitions > 0 && !reader.failed; partitions--) {
      skip(&reader, 4); // partition
      errors |= integer(&reader, 2);
      skip(&reader, 8);                   // high watermark
      if (version >= 4) skip(&reader, 8); // last stable offset
      if (version >= 5) skip(&reader, 8); // log start offset
      if (version >= 4) skip_sized(&reader, integer(&reader, 4) * 16); // aborted transactions: producer id, first offset
      if (version >= 11) skip(&reader, 4); // preferred read replica
      unsigned char *length = (unsigned char *)reader.at;
      const int64_t present = skip_sized(&reader, integer(&reader, 4));
      if (reader.failed || present <= 0) continue;
      const int64_t left = fetch->max_bytes - records;
      const int64_t max = left < fetch->partition_max_bytes ? left : fetch->partition_max_bytes;
      const int64_t kept = whole_batches(length + 4, present, max, records == 0);
      put(length, kept);
      memmove(length + 4 + kept, reader.at, (size_t)(reader.end - reader.at));
      reader.at -= present - kept;
      reader.end -= present - kept;
      records += kept;
    }
  }
  *size_left = reader.end - bytes;
  put(bytes, *size_left - 4);
  return errors || reader.failed || reader.at != reader.end ? -1 : records;
}

// Clients go where Metadata and FindCoordinator say, so these must name the gate. The port is the INT32 behind the host in every
// version; that host and port could also stand there by chance is fine for a benchmark.
static void name_the_gate(unsigned char *bytes, size_t size) {
  static const char host[] = "127.0.0.1";
  const size_t length = sizeof host - 1;
  const uint32_t from = htonl(broker_port), to = htonl(gate_port);
  const unsigned char *end = bytes + size;
  for (unsigned char *at = bytes; (at = memmem(at, (size_t)(end - at), host, length)); at += length) {
    if (end - at - (ptrdiff_t)length < 4) return;
    if (!memcmp(at + length, &from, 4)) memcpy(at + length, &to, 4);
  }
}

// The key of a request that was noted, which it is no more; -1 for any other.
static int forget(struct session *session, int32_t correlation) {
  for (int i = 0; i < session->noted_count; i++) {
    if (session->noted[i].correlation != correlation) continue;
    const int key = session->noted[i].key;
    session->noted[i] = session->noted[--session->noted_count];
    return key;
  }
  return -1;
}

// Whoever waits for records of the topic that the answer to a Produce begins with has them now.
static void wake_readers(const unsigned char *bytes, int64_t size) {
  struct reader reader = {bytes + 8, bytes + size, 0};
  skip(&reader, 4); // topics; librdkafka writes to one at a time
  const unsigned char *name = reader.at;
  skip_sized(&reader, integer(&reader, 2));
  if (reader.failed) return;
  for (struct session *session = sessions; session; session = session->next) {
    if (session->state == NO_FETCH) continue;
    // The name as it stands in both, with its length; that it could also stand elsewhere is fine for a benchmark.
    const unsigned char *fetch = session->fetch.bytes + session->fetch.begin;
    if (!memmem(fetch, held(&session->fetch), name, (size_t)(reader.at - name))) continue;
    session->is_late = session->state == ASKED;
    if (session->state == PAUSED) session->ask_at = 0;
  }
}

// MARK: Passing on

// Passes on what the client has sent, up to a fetch that may be held.
static void pass_requests(struct session *session) {
  struct buffer *in = &session->client.in;
  int64_t size;
  while (session->state == NO_FETCH && session->noted_count < NOTED_MAX && (size = frame(in, REQUEST_MIN))) {
    if (size < 0) {
      session->closed = 1;
      return;
    }
    const unsigned char *bytes = in->bytes + in->begin;
    const struct request request = request_in(bytes, size);
    const int writes = request.key == PRODUCE && request.version <= PRODUCE_VERSION_MAX;
    if (writes || request.key == METADATA || request.key == FIND_COORDINATOR) {
      session->noted[session->noted_count].correlation = request.correlation;
      session->noted[session->noted_count++].key = request.key;
    }
    if (request.max_wait_ms > 0 && request.min_bytes > 0) {
      session->state = ASKED;
      session->is_late = 0;
      session->answer_by = now_ns() + request.max_wait_ms * 1000000;
      session->fetch.begin = session->fetch.end = 0;
      append(&session->fetch, bytes, (size_t)size);
    }
    append(&session->broker.out, bytes, (size_t)size);
    in->begin += (size_t)size;
  }
}

// Whether this answer to the session's fetch, cut to what was asked for, is kept from the client, to ask again.
static int hold(struct session *session, unsigned char *bytes, int64_t *size) {
  const struct request fetch = request_in(session->fetch.bytes, (int64_t)held(&session->fetch));
  const int64_t now = now_ns(), records = records_in(bytes, size, &fetch);
  if (records < 0 || records >= fetch.min_bytes || now >= session->answer_by) return 0;
  session->ask_at = now + pause_ns < session->answer_by ? now + pause_ns : session->answer_by;
  if (session->is_late) session->ask_at = now;
  return 1;
}

static void pass_answers(struct session *session) {
  struct buffer *in = &session->broker.in;
  int64_t size;
  while ((size = frame(in, FRAME_MIN))) {
    if (size < 0) {
      session->closed = 1;
      return;
    }
    unsigned char *bytes = in->bytes + in->begin;
    const int32_t correlation = correlation_of(bytes);
    in->begin += (size_t)size;
    if (session->state == ASKED && correlation == correlation_of(session->fetch.bytes + 4)) {
      session->state = hold(session, bytes, &size) ? PAUSED : NO_FETCH;
      if (session->state == PAUSED) continue;
    } else {
      const int key = forget(session, correlation);
      if (key == PRODUCE) wake_readers(bytes, size);
      else if (key >= 0) name_the_gate(bytes, (size_t)size);
    }
    append(&session->client.out, bytes, (size_t)size);
  }
}

// MARK: Sockets

static void take_in(struct side *side) {
  struct buffer *in = &side->in;
  const ssize_t count = recv(side->socket, room(in, READ_SIZE), READ_SIZE, 0);
  if (count > 0) in->end += (size_t)count;
  else if (count == 0 || (errno != EAGAIN && errno != EINTR)) side->session->closed = 1;
}

static void send_out(struct side *side) {
  struct buffer *out = &side->out;
  if (!held(out)) return;
  const ssize_t count = send(side->socket, out->bytes + out->begin, held(out), MSG_NOSIGNAL);
  if (count >= 0) out->begin += (size_t)count;
  else if (errno != EAGAIN && errno != EINTR) side->session->closed = 1;
}

// Asks for what this side waits for. It is not read while the other one is slow to take, or while it has sent enough behind a
// held fetch; the end of a connection is reported all the same.
static void watch(struct side *side, const struct side *other) {
  const int waits = held(&side->in) > UNSENT_MAX && frame(&side->in, FRAME_MIN);
  uint32_t events = EPOLLRDHUP;
  if (held(&other->out) < UNSENT_MAX && !waits) events |= EPOLLIN;
  if (held(&side->out)) events |= EPOLLOUT;
  if (events == side->events) return;
  struct epoll_event event = {.events = events, .data.ptr = side};
  if (epoll_ctl(poll_set, side->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, side->socket, &event)) die("epoll_ctl");
  side->events = events;
}

static void advance(struct session *session) {
  pass_answers(session);
  pass_requests(session);
  send_out(&session->client);
  send_out(&session->broker);
  watch(&session->client, &session->broker);
  watch(&session->broker, &session->client);
}

static struct sockaddr_in local_address(uint16_t port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void without_delay(int socket) {
  const int on = 1;
  if (setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) die("TCP_NODELAY");
}

static void begin_session(void) {
  const int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)) return;
  if (client < 0) die("accept");
  const int broker = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (broker < 0) die("socket");
  const struct sockaddr_in address = local_address(broker_port);
  // A broker that is not there is seen as the end of this connection.
  if (connect(broker, (const struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
    close(broker);
    close(client);
    return;
  }
  without_delay(client);
  without_delay(broker);
  struct session *session = calloc(1, sizeof *session);
  if (!session) die("memory");
  session->client = (struct side){.session = session, .socket = client};
  session->broker = (struct side){.session = session, .socket = broker};
  session->next = sessions;
  sessions = session;
  advance(session);
}

static void end_session(struct session *session) {
  close(session->client.socket);
  close(session->broker.socket);
  free(session->client.in.bytes);
  free(session->client.out.bytes);
  free(session->broker.in.bytes);
  free(session->broker.out.bytes);
  free(session->fetch.bytes);
  free(session);
}

// After all events of a round, since a later one may be of the same session.
static void end_closed_sessions(void) {
  for (struct session **at = &sessions; *at;) {
    struct session *session = *at;
    if (session->closed) {
      *at = session->next;
      end_session(session);
    } else {
      at = &session->next;
    }
  }
}

// MARK: The loop

// Asks again where a pause is over; when the next one will be, or 0.
static int64_t ask_again(void) {
  const int64_t now = now_ns();
  int64_t next = 0;
  for (struct session *session = sessions; session; session = session->next) {
    if (session->state == PAUSED && session->ask_at <= now) {
      session->state = ASKED;
      session->is_late = 0;
      append(&session->broker.out, session->fetch.bytes, held(&session->fetch));
      advance(session);
    }
    if (session->state == PAUSED && (!next || session->ask_at < next)) next = session->ask_at;
  }
  return next;
}

static void serve(void) {
  struct epoll_event events[EVENTS_MAX];
  const int64_t next = ask_again(), now = now_ns(), wait = next > now ? next - now : 0;
  const struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
  const int count = epoll_pwait2(poll_set, events, EVENTS_MAX, next ? &timeout : NULL, NULL);
  if (count < 0 && errno != EINTR) die("epoll_pwait2");
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr == &listener) {
      begin_session();
    } else {
      struct side *side = events[i].data.ptr;
      // What was sent before the end is passed on before it: the end is read, unless nothing is being read.
      if (events[i].events & EPOLLIN) take_in(side);
      else if (events[i].events & ~(uint32_t)EPOLLOUT) side->session->closed = 1;
      if (!side->session->closed) advance(side->session);
    }
  }
  end_closed_sessions();
}

static void listen_on_a_free_port(void) {
  struct sockaddr_in address = local_address(0);
  socklen_t length = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) || listen(listener, 128)) die("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length)) die("getsockname");
  gate_port = ntohs(address.sin_port);
}

int main(int argc, char **argv) {
  const char *microseconds = getenv("GATE_PAUSE_US");
  if (argc != 2 || atoi(argv[1]) < 1 || atoi(argv[1]) > UINT16_MAX || (microseconds && atol(microseconds) < 1)) {
    fprintf(stderr, "usage: fetch_gate BROKER_PORT, and GATE_PAUSE_US is a positive number\n");
    return 64;
  }
  broker_port = (uint16_t)atoi(argv[1]);
  if (microseconds) pause_ns = atol(microseconds) * 1000;
  listen_on_a_free_port();
  poll_set = epoll_create1(EPOLL_CLOEXEC);
  if (poll_set < 0) die("epoll");
  struct epoll_event accepts = {.events = EPOLLIN, .data.ptr = &listener};
  if (epoll_ctl(poll_set, EPOLL_CTL_ADD, listener, &accepts)) die("epoll_ctl");
  printf("%u\n", (unsigned)gate_port);
  fflush(stdout);
  for (;;) serve();
}
