import OnexCore
import OnexJSON

/// Folds the journal anew and compares what comes out with the state that is kept. The same journal gives the same digest on every run
/// and machine.
public struct JournalReplay: Sendable {
  public struct Report: Sendable, Equatable {
    public var events: Int64 = 0
    public var streams: Int64 = 0
    /// SHA-256 over name, version and state of every stream, in the order in which the streams began.
    public var digest = SHA256.hex(of: .empty)
    /// Streams whose kept state is not what their events give, the first ones of many.
    public var drift: [Drift] = []
    public var driftCount: Int64 = 0
  }

  public struct Drift: Sendable, Equatable {
    public let stream: StreamName
    public let reason: String
  }

  public static let driftShownMax = 20
  private static let pageMax = 1000

  private let reader: any JournalReader
  private let reducers: ReducerTable

  public init(_ reader: any JournalReader, reducers: ReducerTable) {
    self.reader = reader
    self.reducers = reducers
  }

  /// - Parameters:
  ///   - until: folds events up to this global sequence; kept states, which are newer, are not compared then.
  ///   - progress: is told the number of events so far, after each page.
  public func run(
    _ scope: JournalScope, until: Int64? = nil, progress: @Sendable (Int64) -> Void = { _ in }
  ) async throws(StoreError) -> Report {
    var report = Report()
    var fold: StreamFold?
    var finished: [StreamFold] = []
    var place: JournalPlace?
    while true {
      let page = try await reader.events(scope, after: place, until: until, countMax: JournalReplay.pageMax)
      for placed in page {
        if fold?.stream != placed.event.stream {
          if let fold { finished.append(fold) }
          fold = StreamFold(placed.event.stream, reducers[placed.event.stream.handler])
        }
        fold?.apply(placed.event)
        report.events += 1
      }
      place = page.last?.place ?? place
      let isOver = page.count < JournalReplay.pageMax
      if isOver, let last = fold { finished.append(last) }
      try await settle(&finished, isCompared: until == nil, &report)
      progress(report.events)
      if isOver { return report }
    }
  }

  private func settle(_ folds: inout [StreamFold], isCompared: Bool, _ report: inout Report) async throws(StoreError) {
    guard !folds.isEmpty else { return }
    let kept = isCompared ? try await reader.snapshots(folds.map(\.stream)) : [:]
    for fold in folds {
      report.streams += 1
      report.digest = SHA256.hex(of: Bytes("\(report.digest) \(fold.stream) \(fold.version) \(fold.encoded.text)"))
      guard isCompared, let reason = fold.difference(from: kept[fold.stream]) else { continue }
      report.driftCount += 1
      if report.drift.count < JournalReplay.driftShownMax { report.drift.append(Drift(stream: fold.stream, reason: reason)) }
    }
    folds.removeAll()
  }
}

/// One stream while its events are folded.
struct StreamFold {
  let stream: StreamName
  private let reducer: LoadedReducer?
  private(set) var state = StreamState()
  private(set) var version: Int64 = 0
  private var failure: String?

  init(_ stream: StreamName, _ reducer: LoadedReducer?) {
    self.stream = stream
    self.reducer = reducer
    if reducer == nil { failure = "no reducer for \(stream.handler) is loaded here" }
  }

  mutating func apply(_ recorded: RecordedEvent) {
    guard failure == nil, let reducer else {
      version += 1
      return
    }
    if recorded.streamSequence != version + 1 { failure = "event \(version + 1) is missing" }
    version = recorded.streamSequence
    if state.correlationID == nil { state.correlationID = recorded.event.correlationID }
    do {
      try state.apply(StreamEvent(recorded.event), reducer.reducer)
    } catch {
      failure = "event \(version) cannot be folded: \(error)"
    }
  }

  var encoded: Bytes { state.encoded }

  /// Why the kept state is not what the events give; `nil` when it is.
  func difference(from kept: StreamSnapshot?) -> String? {
    if let failure { return failure }
    guard let kept else { return "there are events and no state" }
    if kept.version != version { return "the state has version \(kept.version), the events end at \(version)" }
    return kept.state == encoded ? nil : "the events give another state than the one that is kept"
  }
}
