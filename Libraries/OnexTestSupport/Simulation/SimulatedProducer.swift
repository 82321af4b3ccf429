import OnexCore
import Synchronization

/// Writes at once and is acknowledged after a while. A crash takes what is written before it for granted and knows nothing of it.
final class SimulatedProducer: EventProducer {
  private typealias Acknowledgement = (publication: Publication, failures: [PublishFailure])

  private let base: any EventProducer
  private let process: SimulatedProcess
  private let underWay: AsyncStream<Acknowledgement>
  private let intake: AsyncStream<Acknowledgement>.Continuation

  init(_ base: any EventProducer, _ process: SimulatedProcess) {
    self.base = base
    self.process = process
    (underWay, intake) = AsyncStream.makeStream()
  }

  func send(_ records: [OutboundRecord]) -> Publication {
    let turn = process.fate.publishTurn()
    if turn.crashesBefore { process.crash() }
    let error = EventBusError(.unreachable, "the simulated broker refused it for now", isRetriable: true)
    let failures = records.indices.map { PublishFailure(index: $0, error: error) }
    // A stopped process sends nothing; what it tries meanwhile it tries again.
    guard process.condition == .running, !turn.fails else { return Publication(over: failures) }
    process.tell("publishes \(records.map { "\($0.topic) \($0.messageID?.description.prefix(8) ?? "")" })")
    let written = base.send(records)
    if turn.crashesAfter { process.crash() }
    guard process.condition == .running else { return Publication(over: failures) }
    let publication = Publication()
    intake.yield((publication, written.outcome ?? []))
    return publication
  }

  func acknowledge() async {
    for await item in underWay {
      try? await process.clock.sleep(for: .microseconds(Int64(process.fate.next(below: 5000))))
      item.publication.complete(item.failures)
    }
  }

  func close(timeout: Duration) async {
    intake.finish()
    await base.close(timeout: timeout)
  }
}
