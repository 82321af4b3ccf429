import OnexCore

/// Streams, their events, timers and read models in memory: what migrations/forward/003_runtime_journal.sql keeps in PostgreSQL.
struct InMemoryStreams {
  struct Stream {
    let number: Int64
    var snapshot: StreamSnapshot
    var isClosed: Bool
    var events: [RecordedEvent] = []
  }

  struct Timer {
    let consumer: String
    let timer: DurableTimer
    var hasFired = false
  }

  private(set) var streams: [StreamName: Stream] = [:]
  private(set) var timers: [RawUUID: Timer] = [:]
  private(set) var projections: [String: [ExactText: ProjectionChange]] = [:]
  private var lastSequence: Int64 = 0

  /// Whether every stream still has the version that its change expects.
  func accepts(_ changes: [StreamChange]) -> Bool {
    changes.allSatisfy { (streams[$0.stream]?.snapshot.version ?? 0) == $0.expectedVersion }
  }

  mutating func apply(_ change: StreamChange) {
    let number = streams[change.stream]?.number ?? Int64(streams.count + 1)
    var stream =
      streams[change.stream]
      ?? Stream(number: number, snapshot: StreamSnapshot(version: 0, state: .empty), isClosed: false)
    for (index, event) in change.events.enumerated() {
      lastSequence += 1
      stream.events.append(
        RecordedEvent(
          sequence: lastSequence, stream: change.stream, streamSequence: change.expectedVersion + Int64(index) + 1, event: event))
    }
    stream.snapshot = StreamSnapshot(version: change.expectedVersion + Int64(change.events.count), state: change.state)
    stream.isClosed = change.isClosed
    streams[change.stream] = stream
  }

  mutating func apply(_ change: ProjectionChange) {
    projections[change.projection, default: [:]][ExactText(change.key)] = change.value == nil ? nil : change
  }

  mutating func apply(_ change: TimerChange, consumer: String) {
    switch change {
    case .set(let timer): timers[timer.id] = Timer(consumer: consumer, timer: timer)
    case .cancel(let id): timers[id] = nil
    }
  }

  /// - Returns: false when the claim came too late.
  mutating func take(_ claim: DeadlineClaim, consumer: String, responses: Set<RawUUID>) -> Bool {
    switch claim {
    case .opens(let timer): timers[timer.id] = Timer(consumer: consumer, timer: timer)
    case .response(let id):
      guard timers[id]?.hasFired == false else { return false }
      timers[id] = nil
    case .firing(let id):
      guard timers[id]?.hasFired == false, !responses.contains(id) else { return false }
      timers[id]?.hasFired = true
    }
    return true
  }

  func due(_ query: TimerQuery, now: Timestamp) -> DueTimers {
    let mine = timers.values.filter { entry in
      guard entry.consumer == query.consumer else { return false }
      let handler: String? = if case .stream(let stream, _) = entry.timer.purpose { stream.handler } else { nil }
      switch query.handlers {
      case .these(let handlers): return handler.map(handlers.contains) ?? true
      case .only(let handlers): return handler.map(handlers.contains) ?? false
      case .others(let handlers): return handler.map { !handlers.contains($0) } ?? false && entry.timer.due <= now + query.ahead
      }
    }
    let sorted = mine.map(\.timer).sorted { ($0.due, $0.id.high, $0.id.low) < ($1.due, $1.id.high, $1.id.low) }
    let due = sorted.prefix { $0.due <= now }.prefix(query.countMax)
    if case .others = query.handlers {
      return DueTimers(now: now, timers: Array(sorted.prefix(query.countMax)), nextDue: nil)
    }
    return DueTimers(now: now, timers: Array(due), nextDue: sorted.dropFirst(due.count).first?.due)
  }

  mutating func finish(_ finished: [DurableTimer]) {
    for timer in finished where timers[timer.id]?.timer.due == timer.due { timers[timer.id] = nil }
  }

  func events(_ scope: JournalScope, after: JournalPlace?, until: Int64?, countMax: Int) -> [PlacedEvent] {
    let chosen = streams.filter { name, stream in
      switch scope {
      case .all: true
      case .open: !stream.isClosed
      case .stream(let wanted): name == wanted
      }
    }
    let sorted = chosen.values.sorted { $0.number < $1.number }
    let placed = sorted.lazy.flatMap { stream in
      stream.events.lazy.map { event in
        PlacedEvent(place: JournalPlace(streamNumber: stream.number, streamSequence: event.streamSequence), event: event)
      }
    }
    let rest = placed.filter { event in
      guard until.map({ event.event.sequence <= $0 }) ?? true else { return false }
      guard let after else { return true }
      return (event.place.streamNumber, event.place.streamSequence) > (after.streamNumber, after.streamSequence)
    }
    return Array(rest.prefix(countMax))
  }
}
