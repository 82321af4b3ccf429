/// One assigned partition as a state machine. I/O stands outside: the pipeline tells it what happened and does what it says.
///
///     active <--room / no room--> paused
///        |                          |
///        '--> revoking (drains) <---'        any state --> lost (nothing of it counts any more)
public struct Lane<Work: Sendable>: Sendable {
  public enum Phase: Sendable, Equatable {
    case active
    /// Too much is in flight: the partition stays assigned and returns no records.
    case paused
    /// The group wants it back: nothing new is taken or started, what has begun is finished.
    case revoking
    /// It is somebody else's. Results that still arrive are dropped.
    case lost
  }

  public let limits: LaneLimits
  public private(set) var phase: Phase = .active
  public private(set) var offsets = OffsetTracker()
  public private(set) var scheduler: KeyOrderedScheduler<Bytes, Work>
  /// Size of the records that are not settled.
  public private(set) var bytes = 0

  /// Records that are not settled.
  public var unsettled: Int { offsets.open }

  public init(_ limits: LaneLimits) {
    self.limits = limits
    self.scheduler = KeyOrderedScheduler(concurrencyMax: limits.concurrencyMax)
  }

  /// Nothing is in flight.
  public var isIdle: Bool { offsets.open == 0 && scheduler.count == 0 }

  /// Whether the record may be taken: not when the lane is being given up, nor when a later one was delivered before.
  public mutating func deliver(_ offset: Int64, bytes count: Int) -> Bool {
    guard phase == .active || phase == .paused, offsets.deliver(offset) else { return false }
    bytes += count
    return true
  }

  /// Work of this key is running or waiting, so that a later record of the key must wait behind it.
  public func isBusy(_ key: Bytes) -> Bool { scheduler.count > 0 && scheduler.isBusy(key) }

  public mutating func add(_ work: Work, key: Bytes, bulkhead: Bulkhead? = nil) {
    scheduler.add(work, key: key, bulkhead: bulkhead)
  }

  /// The next piece of work that may start. A lane that is being given up starts nothing: its records that have not begun are done by
  /// the partition's next owner.
  public mutating func nextWork() -> (key: Bytes, work: Work)? {
    phase == .lost || phase == .revoking ? nil : scheduler.next()
  }

  /// Nothing runs and nothing is on its way to the broker but work that has not begun. A lane that is being given up can go then.
  public var hasHandedOver: Bool { scheduler.running == 0 && offsets.open <= scheduler.count }

  public mutating func finished(_ key: Bytes) { scheduler.finished(key) }

  /// The record's outputs are committed and published.
  ///
  /// - Returns: the next offset to store, when it has moved.
  public mutating func settle(_ offset: Int64, bytes count: Int) -> Int64? {
    guard phase != .lost else { return nil }
    let before = offsets.open
    let watermark = offsets.complete(offset)
    if offsets.open < before { bytes -= count }
    return watermark
  }

  public enum FlowChange: Sendable, Equatable { case pause, resume }

  /// What to do about the flow of records now. Resuming waits until half of the limit is free, so that a lane does not
  /// flutter.
  ///
  /// - Parameter isProcessFull: whether all lanes together hold as much as they may.
  public mutating func adjustFlow(isProcessFull: Bool = false) -> FlowChange? {
    switch phase {
    case .active where isProcessFull || offsets.pending >= limits.recordsMax || bytes >= limits.bytesMax:
      phase = .paused
      return .pause
    case .paused where !isProcessFull && offsets.pending <= limits.recordsMax / 2 && bytes <= limits.bytesMax / 2:
      phase = .active
      return .resume
    default:
      return nil
    }
  }

  public mutating func revoke() {
    if phase != .lost { phase = .revoking }
  }

  public mutating func lose() { phase = .lost }
}
