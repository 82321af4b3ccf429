import OnexCore

/// What a consumer's thread is asked to do between two polls. librdkafka's calls for these wait for its own threads, some of them for
/// the broker, and their order matters.
enum ConsumerOrder {
  case pause([TopicPartition])
  case resume([TopicPartition])
  case unassign([TopicPartition])
  case commit(CheckedContinuation<EventBusError?, Never>)
}

/// A poll that waits for its answer.
struct PollRequest {
  let limit: PollLimit
  let continuation: CheckedContinuation<[ConsumerEvent], Never>
}

/// The consumer thread's mailbox.
struct ConsumerWork {
  /// In the order of the calls. A caller gives at most a few for each poll.
  var orders: [ConsumerOrder] = []
  var poll: PollRequest?
  /// Set once; the thread ends when it has closed the client.
  var isClosing = false
  var closed: [CheckedContinuation<Void, Never>] = []
  var isClosed = false
}
