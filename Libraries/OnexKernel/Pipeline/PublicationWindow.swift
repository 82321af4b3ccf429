import OnexCore
import Synchronization

/// Settlements whose outputs are on their way to the broker.
struct PublishedBatch: Sendable {
  let settlements: [Settlement]
  let outputs: [OutboundRecord]
  /// The consumed record that the output at an index answers.
  let source: @Sendable (Int) -> ConsumedRecord
  let publication: Publication
}

/// The batches that are under way to the broker, in order. The committer puts them in, the acknowledger takes them out; the lanes'
/// limits bound how many there are.
///
/// While a batch is being repeated nothing new is sent, so that what came later does not overtake it.
final class PublicationWindow: Sendable {
  private let batches: AsyncStream<PublishedBatch>
  private let intake: AsyncStream<PublishedBatch>.Continuation
  private let repeating = Mutex(false)
  private let changes = ChangeSignal()

  init() { (batches, intake) = AsyncStream.makeStream() }

  func add(_ batch: PublishedBatch) {
    if let failures = batch.publication.outcome, !failures.isEmpty { beginRepeating() }
    intake.yield(batch)
  }

  /// No more batches will come.
  func close() { intake.finish() }

  /// Hands out the batches in order until the window is closed and empty. One task takes.
  func takeEach(_ body: (PublishedBatch) async -> Void) async {
    for await batch in batches { await body(batch) }
  }

  func beginRepeating() { repeating.withLock { $0 = true } }

  func endRepeating() {
    repeating.withLock { $0 = false }
    changes.notify()
  }

  /// Returns when nothing is being repeated, or when the task is cancelled.
  func waitForRepeats() async {
    while !Task.isCancelled {
      let seen = changes.generation
      if repeating.withLock({ !$0 }) { return }
      await changes.wait(since: seen)
    }
  }
}
