/// Lets work of different keys run at once and keeps work of one key in order.
///
/// Pure: it says what may start; the caller starts it and reports when it has ended. Bounded by the caller, who stops feeding
/// it when `count` is too high.
public struct KeyOrderedScheduler<Key: Hashable & Sendable, Work: Sendable>: Sendable {
  /// Keys with running or ready work, each with what waits behind it.
  private var waiting: [Key: Queue<Work>] = [:]
  private var ready = Queue<(key: Key, work: Work)>()

  public let concurrencyMax: Int
  public private(set) var running = 0
  /// Running, ready and waiting.
  public private(set) var count = 0

  public init(concurrencyMax: Int) {
    precondition(concurrencyMax >= 1, "something must be able to run")
    self.concurrencyMax = concurrencyMax
  }

  public mutating func add(_ work: Work, key: Key) {
    count += 1
    if waiting[key] == nil {
      waiting[key] = Queue()
      ready.append((key, work))
    } else {
      waiting[key]?.append(work)
    }
  }

  /// Work of this key is running, ready or waiting.
  public func isBusy(_ key: Key) -> Bool { waiting[key] != nil }

  /// The next piece of work that may start now; call until `nil`.
  public mutating func next() -> (key: Key, work: Work)? {
    guard running < concurrencyMax, let item = ready.popFirst() else { return nil }
    running += 1
    return item
  }

  /// The work of `key` that was running has ended; the next of the same key becomes ready, behind what was ready before.
  public mutating func finished(_ key: Key) {
    precondition(running > 0 && waiting[key] != nil, "only running work ends")
    running -= 1
    count -= 1
    if let work = waiting[key]?.popFirst() {
      ready.append((key, work))
    } else {
      waiting[key] = nil
    }
  }
}
