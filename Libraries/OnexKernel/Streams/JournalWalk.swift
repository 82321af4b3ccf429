import OnexCore

/// Folds the journal, stream after stream, in pages: what is in memory is one stream and those that a page completes.
struct JournalWalk: Sendable {
  private static let pageMax = 1000

  let reader: any JournalReader
  let reducers: ReducerTable

  /// - Parameter visit: is given the streams that each page completes, and the number of events so far.
  func run(
    _ scope: JournalScope, until: Int64? = nil, _ visit: ([StreamFold], Int64) async throws(StoreError) -> Void
  ) async throws(StoreError) {
    var fold: StreamFold?
    var place: JournalPlace?
    var events: Int64 = 0
    while true {
      let page = try await reader.events(scope, after: place, until: until, countMax: JournalWalk.pageMax)
      var complete: [StreamFold] = []
      for placed in page {
        if fold?.stream != placed.event.stream {
          if let fold { complete.append(fold) }
          fold = StreamFold(placed.event.stream, reducer(of: placed.event))
        }
        fold?.apply(placed.event)
      }
      events += Int64(page.count)
      place = page.last?.place ?? place
      let isOver = page.count < JournalWalk.pageMax
      if isOver, let fold { complete.append(fold) }
      try await visit(complete, events)
      if isOver { return }
    }
  }

  private func reducer(of first: RecordedEvent) -> LoadedReducer? {
    guard let event = try? StreamEvent(first.event) else { return reducers[first.stream.handler] }
    return reducers.reducer(of: first.stream, beginningWith: event)
  }
}
