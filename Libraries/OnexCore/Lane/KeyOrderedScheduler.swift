/// Lets work of different keys run at once and keeps work of one key in order. Work of one handler, and of one target of it, gets
/// a share of the places only (`BulkheadQueue`).
///
/// Pure: it says what may start; the caller starts it and reports when it has ended. Bounded by the caller, who stops feeding
/// it when `count` is too high.
public struct KeyOrderedScheduler<Key: Hashable & Sendable, Work: Sendable>: Sendable {
  /// A key with running or ready work.
  private struct Line {
    /// The bulkhead of the work that is running or ready.
    var bulkhead: Bulkhead?
    /// Behind it.
    var waiting = Queue<(work: Work, bulkhead: Bulkhead?)>()
  }

  private var lines: [Key: Line] = [:]
  private var ready: BulkheadQueue<(key: Key, work: Work)>

  public var concurrencyMax: Int { ready.placesMax }
  public var running: Int { ready.running }
  /// Running, ready and waiting.
  public private(set) var count = 0

  public init(concurrencyMax: Int) {
    ready = BulkheadQueue(placesMax: concurrencyMax)
  }

  public mutating func add(_ work: Work, key: Key, bulkhead: Bulkhead? = nil) {
    count += 1
    if lines[key] == nil {
      lines[key] = Line(bulkhead: bulkhead)
      ready.add((key, work), bulkhead)
    } else {
      lines[key]?.waiting.append((work, bulkhead))
    }
  }

  /// Work of this key is running, ready or waiting.
  public func isBusy(_ key: Key) -> Bool { lines[key] != nil }

  /// The next piece of work that may start now; call until `nil`.
  public mutating func next() -> (key: Key, work: Work)? { ready.next()?.item }

  /// The work of `key` that was running has ended; the next of the same key becomes ready, behind what was ready before.
  public mutating func finished(_ key: Key) {
    guard let line = lines[key] else { preconditionFailure("only running work ends") }
    ready.finished(line.bulkhead)
    count -= 1
    if let (work, bulkhead) = lines[key]?.waiting.popFirst() {
      lines[key]?.bulkhead = bulkhead
      ready.add((key, work), bulkhead)
    } else {
      lines[key] = nil
    }
  }
}
