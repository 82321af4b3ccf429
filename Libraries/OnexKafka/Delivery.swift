import CRdKafka
import OnexCore
import Synchronization

/// The delivery reports of one published batch.
///
/// librdkafka carries one pointer with each message. It points into an array of slots that all hold the same reference to this
/// object, so that a report finds its batch and its place in it without an allocation a message.
final class Delivery: @unchecked Sendable {
  private struct Slot {
    let delivery: Unmanaged<Delivery>
    let index: Int32
  }

  private let slots: UnsafeMutablePointer<Slot>
  private let count: Int
  private let remaining: Atomic<Int>
  private let failures = Mutex<[PublishFailure]>([])
  let publication = Publication()

  init(count: Int) {
    self.count = count
    remaining = Atomic(count)
    slots = .allocate(capacity: count)
    // Kept alive by its outstanding reports, and let go with the last.
    let retained = Unmanaged.passRetained(self)
    for index in 0..<count { (slots + index).initialize(to: Slot(delivery: retained, index: Int32(index))) }
  }

  deinit { slots.deallocate() }

  func slot(_ index: Int) -> UnsafeMutableRawPointer { UnsafeMutableRawPointer(slots + index) }

  static func report(_ slot: UnsafeMutableRawPointer, _ code: rd_kafka_resp_err_t) {
    let slot = slot.assumingMemoryBound(to: Slot.self).pointee
    let delivery = slot.delivery.takeUnretainedValue()
    delivery.finish(Int(slot.index), code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : EventBusError(kafka: code))
  }

  func finish(_ index: Int, _ error: EventBusError?) {
    if let error { failures.withLock { $0.append(PublishFailure(index: index, error: error)) } }
    guard remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
    publication.complete(failures.withLock { $0.sorted { $0.index < $1.index } })
    Unmanaged.passUnretained(self).release()
  }

  /// Fails the records from `start` on.
  func refuse(from start: Int, _ error: EventBusError) {
    for index in start..<count { finish(index, error) }
  }
}
