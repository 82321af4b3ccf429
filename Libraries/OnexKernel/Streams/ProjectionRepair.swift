import OnexCore

/// Makes read models show what the journal gives.
public struct ProjectionRepair: Sendable {
  public struct Report: Sendable, Equatable {
    public var events: Int64 = 0
    public var streams: Int64 = 0
    public var repairCount: Int64 = 0
    /// The first ones of `repairCount`; a row without a value is one that should not be there.
    public var repairs: [ProjectionChange] = []
    public var unknown: [String: Int64] = [:]
  }

  public static let repairsShownMax = 20

  private let walk: JournalWalk
  private let store: any ProjectionStore

  public init(_ reader: any JournalReader, _ store: any ProjectionStore, reducers: ReducerTable) {
    walk = JournalWalk(reader: reader, reducers: reducers)
    self.store = store
  }

  /// Streams that change meanwhile may show as drift for a moment; run it again.
  ///
  /// - Parameter isDry: looks and writes nothing.
  public func run(isDry: Bool, progress: @Sendable (Int64) -> Void = { _ in }) async throws(StoreError) -> Report {
    var report = Report()
    try await walk.run(.all) { (folds, events) throws(StoreError) in
      report.events = events
      report.streams += Int64(folds.count)
      for fold in folds where !fold.isKnown { report.unknown[fold.stream.handler, default: 0] += 1 }
      // What cannot be folded says nothing about its read models.
      let known = folds.filter { $0.isKnown && $0.failure == nil }
      let kept = known.isEmpty ? [:] : try await store.projections(of: known.map(\.stream))
      let repairs = known.flatMap { $0.repairs(of: kept[$0.stream] ?? []) }
      if !isDry, !repairs.isEmpty { try await store.write(repairs) }
      report.repairCount += Int64(repairs.count)
      report.repairs += repairs.prefix(max(ProjectionRepair.repairsShownMax - report.repairs.count, 0))
      progress(events)
    }
    return report
  }
}
