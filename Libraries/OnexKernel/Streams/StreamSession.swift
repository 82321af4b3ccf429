import OnexCore
import OnexJSON

/// Streams while one batch is decided: each input sees what those before it in the batch have changed. Nothing here is visible to anybody
/// until the batch is committed.
struct StreamSession {
  /// What a batch does to one stream.
  private struct Entry {
    let loadedVersion: Int64
    var state: StreamState
    var events: [JournalEvent] = []
    var isClosed = false
  }

  /// Inputs that follow from one input by refused intents; more is a reducer that never comes to rest.
  private static let inputsMax = 1000

  let router: StreamRouter
  let outputBytesMax: Int
  let now: Timestamp
  private var entries: [StreamName: Entry] = [:]
  private(set) var timers: [TimerChange] = []
  private(set) var projections: [ProjectionChange] = []

  init(router: StreamRouter, outputBytesMax: Int, now: Timestamp) {
    self.router = router
    self.outputBytesMax = outputBytesMax
    self.now = now
  }

  /// What came of an input.
  struct Result {
    var outputs: [OutboundRecord]
    /// Under what a repeat is recognised.
    let identity: RequestIdentity
    let changesStreams: Bool
    /// Answers to requests that waited, each under the identity of its response.
    let late: [(identity: MessageIdentity, output: OutboundRecord)]
  }

  /// - Throws: when the state cannot be read: whoever wrote it was another program.
  mutating func load(_ stream: StreamName, _ snapshot: StreamSnapshot?) throws {
    guard entries[stream] == nil else { return }
    entries[stream] = Entry(
      loadedVersion: snapshot?.version ?? 0, state: try snapshot.map { try StreamState($0.state) } ?? StreamState())
  }

  /// Decides one input. When the reducer refuses it, nothing is changed.
  ///
  /// - Throws: what the reducer threw.
  mutating func react(_ work: StreamWork, _ record: ConsumedRecord) throws -> Result {
    guard let before = entries[work.stream] else { preconditionFailure("streams are loaded before they are used") }
    let (timersBefore, projectionsBefore) = (timers.count, projections.count)
    do {
      var run = StreamRun(work: work, record: record, state: before.state, session: self)
      var inputs = [work.input]
      var count = 0
      while !inputs.isEmpty {
        count += 1
        guard count <= StreamSession.inputsMax else {
          throw HandlerError(.internalError, "the reducer \(work.reducer.handler) does not come to rest")
        }
        inputs += try run.step(inputs.removeFirst())
      }
      let changed = !run.events.isEmpty
      var entry = before
      entry.state = run.state
      entry.events += run.events
      if changed { entry.isClosed = run.isClosed }
      entries[work.stream] = entry
      timers += run.timers
      projections += run.projections
      // A run keeps its own account of repeats under a key.
      let isKeyed = work.reducer.kind == .reducer
      let identity = run.answered.flatMap { isKeyed ? work.envelope?.requestIdentity(for: $0) : nil } ?? work.identity
      let late = run.late
      let outputs = run.batch.finish().records
      return Result(
        outputs: outputs, identity: identity,
        changesStreams: changed || !run.timers.isEmpty || !run.projections.isEmpty,
        late: late.map { ($0.identity, outputs[$0.output]) })
    } catch {
      timers.removeSubrange(timersBefore...)
      projections.removeSubrange(projectionsBefore...)
      throw error
    }
  }

  /// What the batch does to the streams, in one order for all.
  var changes: [StreamChange] {
    entries.sorted { $0.key < $1.key }.compactMap { stream, entry in
      guard let first = entry.events.first else { return nil }
      return StreamChange(
        stream: stream, expectedVersion: entry.loadedVersion, correlationID: entry.state.correlationID ?? first.correlationID,
        events: entry.events, state: entry.state.encoded, isClosed: entry.isClosed)
    }
  }
}
