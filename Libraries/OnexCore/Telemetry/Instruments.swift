import Synchronization

/// A total that only grows.
public final class Counter: Sendable {
  private let total = Atomic<Int64>(0)

  public init() {}

  public func add(_ amount: Int = 1) { total.add(Int64(amount), ordering: .relaxed) }

  public var value: Int64 { total.load(ordering: .relaxed) }
}

/// A value that goes up and down.
public final class Gauge: Sendable {
  private let current = Atomic<Int64>(0)

  public init() {}

  public func set(_ value: Int) { current.store(Int64(value), ordering: .relaxed) }

  public func add(_ amount: Int) { current.add(Int64(amount), ordering: .relaxed) }

  public var value: Int64 { current.load(ordering: .relaxed) }
}

/// Durations counted in buckets whose upper bounds are fixed at creation.
public final class Histogram: Sendable {
  /// From half a millisecond to half a minute: a message that takes longer has met its deadline.
  public static let defaultBounds: [Duration] = [
    .microseconds(500), .milliseconds(1), .milliseconds(2), .milliseconds(5), .milliseconds(10), .milliseconds(25),
    .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1), .milliseconds(2500),
    .seconds(5), .seconds(10), .seconds(30),
  ]

  struct State {
    var counts: [Int64]
    var totalMicroseconds: Int64 = 0
  }

  let bounds: [Int64]
  private let state: Mutex<State>

  public init(bounds: [Duration] = Histogram.defaultBounds) {
    self.bounds = bounds.map(\.microseconds)
    self.state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  public func record(_ duration: Duration, count: Int = 1) {
    let value = duration.microseconds
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock {
      $0.counts[bucket] += Int64(count)
      // A duration can come from a record's time. A total that no longer fits stays at its bound.
      let (added, isTooLong) = value.multipliedReportingOverflow(by: Int64(count))
      let (total, overflow) = $0.totalMicroseconds.addingReportingOverflow(isTooLong ? .max : added)
      $0.totalMicroseconds = overflow ? .max : total
    }
  }

  func read() -> State { state.withLock { $0 } }
}
