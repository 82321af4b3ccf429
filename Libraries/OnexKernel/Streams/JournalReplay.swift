import OnexCore

/// Folds the journal anew and compares what comes out with the state that is kept. The same journal gives the same digest on every run
/// and machine.
public struct JournalReplay: Sendable {
  public struct Report: Sendable, Equatable {
    public var events: Int64 = 0
    public var streams: Int64 = 0
    /// SHA-256 over name, version and state of every stream, in the order in which the streams began.
    public var digest = SHA256.hex(of: .empty)
    public var driftCount: Int64 = 0
    /// The first ones of `driftCount`.
    public var drift: [Drift] = []
    /// Streams of handlers whose code is not in this process; they are not folded.
    public var unknown: [String: Int64] = [:]
  }

  /// A stream whose kept state is not what its events give.
  public struct Drift: Sendable, Equatable {
    public let stream: StreamName
    public let reason: String
  }

  public static let driftShownMax = 20

  private let walk: JournalWalk

  public init(_ reader: any JournalReader, reducers: ReducerTable) { walk = JournalWalk(reader: reader, reducers: reducers) }

  /// - Parameters:
  ///   - until: folds events up to this global sequence; kept states, which are newer, are not compared then.
  ///   - progress: is told the number of events so far, after each page.
  public func run(
    _ scope: JournalScope, until: Int64? = nil, progress: @Sendable (Int64) -> Void = { _ in }
  ) async throws(StoreError) -> Report {
    var report = Report()
    try await walk.run(scope, until: until) { (folds, events) throws(StoreError) in
      report.events = events
      let kept = until == nil && !folds.isEmpty ? try await walk.reader.snapshots(folds.map(\.stream)) : [:]
      for fold in folds { JournalReplay.add(fold, until == nil ? .some(kept[fold.stream]) : nil, to: &report) }
      progress(events)
    }
    return report
  }

  /// - Parameter kept: the stream's snapshot, which may be missing; `nil` when none is compared.
  private static func add(_ fold: StreamFold, _ kept: StreamSnapshot??, to report: inout Report) {
    report.streams += 1
    guard fold.isKnown else {
      report.unknown[fold.stream.handler, default: 0] += 1
      return
    }
    report.digest = SHA256.hex(of: Bytes("\(report.digest) \(fold.stream) \(fold.version) \(fold.state.encoded.text)"))
    let reason = if let kept { fold.difference(from: kept) } else { fold.failure }
    guard let reason else { return }
    report.driftCount += 1
    if report.drift.count < driftShownMax { report.drift.append(Drift(stream: fold.stream, reason: reason)) }
  }
}
