import OnexCore
import OnexJSON

/// One stream while its events are folded.
struct StreamFold {
  let stream: StreamName
  private let reducer: LoadedReducer?
  private(set) var state = StreamState()
  private(set) var version: Int64 = 0
  private(set) var failure: String?
  /// What read models show, the last value of each row.
  private(set) var projections: [ProjectionRow: ProjectionChange] = [:]

  init(_ stream: StreamName, _ reducer: LoadedReducer?) {
    self.stream = stream
    self.reducer = reducer
  }

  /// Whether this process has the code that folds the stream.
  var isKnown: Bool { reducer != nil }

  mutating func apply(_ recorded: RecordedEvent) {
    guard failure == nil, let reducer else {
      version = recorded.streamSequence
      return
    }
    if recorded.streamSequence != version + 1 { failure = "event \(version + 1) is missing" }
    version = recorded.streamSequence
    if state.correlationID == nil { state.correlationID = recorded.event.correlationID }
    do {
      let event = try StreamEvent(recorded.event)
      try state.apply(event, reducer.reducer)
      guard !event.type.hasPrefix(StreamState.KernelEvent.prefix), let body = state.body else { return }
      for change in try reducer.project(stream, body, event) { projections[ProjectionRow(change)] = change }
    } catch {
      failure = "event \(version) cannot be folded: \(error)"
    }
  }

  /// Why the kept state is not what the events give; `nil` when it is.
  func difference(from kept: StreamSnapshot?) -> String? {
    if let failure { return failure }
    guard let kept else { return "there are events and no state" }
    if kept.version != version { return "the state has version \(kept.version), the events end at \(version)" }
    return kept.state == state.encoded ? nil : "the events give another state than the one that is kept"
  }

  /// What to write so that the read models show what the events give.
  func repairs(of kept: [ProjectionChange]) -> [ProjectionChange] {
    var repairs: [ProjectionChange] = []
    var expected = projections
    for row in kept {
      let wanted = expected.removeValue(forKey: ProjectionRow(row))
      guard wanted?.value != row.value else { continue }
      var repair = ProjectionChange(projection: row.projection, key: row.key, value: wanted?.value)
      repair.stream = stream
      repairs.append(repair)
    }
    return repairs + expected.values.filter { $0.value != nil }.sorted { ($0.projection, $0.key) < ($1.projection, $1.key) }
  }
}

/// A row's place in the read models, by bytes as the database compares it.
struct ProjectionRow: Hashable {
  private let projection: Bytes
  private let key: Bytes

  init(_ change: ProjectionChange) {
    projection = Bytes(change.projection)
    key = Bytes(change.key)
  }
}
