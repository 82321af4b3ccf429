import OnexCore
import OnexTestSupport
import Synchronization

/// A producer whose broker has stopped answering: patience runs out as soon as something is sent.
final class SilentProducer: EventProducer {
  private let clock: VirtualClock
  private let open = Mutex<[(publication: Publication, count: Int)]>([])

  init(_ clock: VirtualClock) { self.clock = clock }

  func send(_ records: [OutboundRecord]) -> Publication {
    let publication = Publication()
    open.withLock { $0.append((publication, records.count)) }
    clock.advance(by: .seconds(60))
    return publication
  }

  /// As librdkafka does: what was on its way is reported as thrown away.
  func close(timeout: Duration) async {
    let batches = open.withLock { batches in
      defer { batches = [] }
      return batches
    }
    for batch in batches {
      batch.publication.complete(
        (0..<batch.count).map { PublishFailure(index: $0, error: EventBusError(.other, "purged in flight")) })
    }
  }
}
