import CRdKafka
import Glibc
import OnexCore
import Synchronization

/// The thread that reads from one client.
///
/// It works when it is asked to and sleeps in between. A poll takes whatever librdkafka has prefetched in one call; only when
/// there is nothing does it wait, for a single message, and then takes what has come with it.
final class Poller: @unchecked Sendable {
  private struct Request {
    let limit: PollLimit
    let continuation: CheckedContinuation<[ConsumerEvent], Never>
  }

  private enum Order {
    case none
    case poll(Request)
    case stop
  }

  let client: KafkaClient
  private let callbacks: ClientCallbacks
  private let queue: OpaquePointer
  private let orders = ThreadMailbox<Order>(.none)
  // The rest belongs to the thread.
  private var names = TopicNames()
  private let buffer: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
  private var lastProbe: Duration = .zero
  private static let clock = SystemClock()

  /// - Parameter prepare: runs first on the thread; may block.
  init(_ client: KafkaClient, _ callbacks: ClientCallbacks, prepare: @escaping @Sendable (KafkaClient) -> Void) {
    self.client = client
    self.callbacks = callbacks
    // Errors and other callbacks come through the consumer's queue too, so that one call serves everything.
    rd_kafka_poll_set_consumer(client.handle)
    queue = rd_kafka_queue_get_consumer(client.handle)
    buffer = .allocate(capacity: MessageBatch.sizeMax)
    AdapterThread.start("kafka-poll") { [self] in
      prepare(client)
      work()
    }
  }

  func poll(_ limit: PollLimit) async -> [ConsumerEvent] {
    await withCheckedContinuation { continuation in
      let isOpen = orders.update { order in
        switch order {
        case .stop: return false
        case .none:
          order = .poll(Request(limit: limit, continuation: continuation))
          return true
        case .poll: preconditionFailure("one task polls")
        }
      }
      if !isOpen { continuation.resume(returning: []) }
    }
  }

  /// Ends the thread after the poll that is under way.
  func stop() {
    let waiting: Request? = orders.update { order in
      defer { order = .stop }
      if case .poll(let request) = order { return request } else { return nil }
    }
    waiting?.continuation.resume(returning: [])
  }

  private func work() {
    while true {
      let order = orders.wait { order -> Order? in
        switch order {
        case .none: return nil
        case .poll:
          defer { order = .none }
          return order
        case .stop: return order
        }
      }
      guard case .poll(let request) = order else { break }
      request.continuation.resume(returning: read(request.limit))
    }
    rd_kafka_queue_destroy(queue)
    buffer.deallocate()
  }

  private func read(_ limit: PollLimit) -> [ConsumerEvent] {
    probeIfFaulty()
    let size = min(limit.records, MessageBatch.sizeMax)
    var count = rd_kafka_consume_batch_queue(queue, 0, buffer, size)
    if count <= 0, callbacks.state.withLock({ $0.events.isEmpty }) {
      // Asked for one message, the call returns with the first; asked for more, it would sit out the whole wait.
      let wait = Int32(clamping: limit.wait.microseconds / 1000)
      count = rd_kafka_consume_batch_queue(queue, wait, buffer, 1)
      if count == 1, size > 1 {
        let more = rd_kafka_consume_batch_queue(queue, 0, buffer + 1, size - 1)
        if more > 0 { count += more }
      }
    }
    guard count > 0 else { return callbacks.takeEvents() }
    let batch = MessageBatch(buffer, count: Int(count), client: client)
    let (records, errors) = batch.read(&names)
    for error in errors { callbacks.fault(error) }
    if !records.isEmpty, errors.isEmpty { callbacks.recovered() }
    // What the callbacks reported happened before the records were handed out.
    return callbacks.takeEvents() + (records.isEmpty ? [] : [.records(records)])
  }

  /// librdkafka reports that brokers are gone and not that they are back: ask, at most once a second.
  private func probeIfFaulty() {
    guard callbacks.isFaulty, Poller.clock.uptime() - lastProbe > .seconds(1) else { return }
    lastProbe = Poller.clock.uptime()
    if client.isReachable(timeoutMS: 500) == RD_KAFKA_RESP_ERR_NO_ERROR { callbacks.recovered() }
  }
}
