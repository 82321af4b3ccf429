import OnexCore
import OnexInMemory
import OnexJSON
import OnexTestSupport
import Synchronization

/// Sends requests and collects every answer.
final class SimulatedClient: Sendable {
  struct Answer: Sendable {
    let correlationID: CorrelationID
    let envelopeID: EnvelopeID
    let code: String?
    /// The payload, or the error's message.
    let content: Bytes
    /// Of an error.
    let details: JSONValue?
    /// When it was written.
    let time: Timestamp?
  }

  private let world: SharedWorld
  private let producer: (any EventProducer)?
  private let state = Mutex<(answers: [Answer], reader: (any EventReader)?)>(([], nil))

  init(_ world: SharedWorld) {
    self.world = world
    producer = try? world.bus.producer()
  }

  var answers: [Answer] { state.withLock { $0.answers } }

  func send(_ request: ClientRequest) { _ = producer?.send([request.record]) }

  func waitForAnswers(to sent: [ClientRequest], atMost limit: Duration) async {
    let end = world.clock.uptime() + limit
    let wanted = Set(sent.map(\.correlationID))
    while world.clock.uptime() < end {
      await collect()
      if wanted.isSubset(of: Set(answers.map(\.correlationID))) { return }
    }
  }

  /// Until nothing waits to be done any more: no timer, no record that its group has not stored.
  func waitUntilQuiet(_ world: SharedWorld) async {
    for _ in 0..<200 {
      await collect()
      if world.store.timersPending == 0, world.bus.isDrained { return }
    }
  }

  private func collect() async {
    var reader = state.withLock { $0.reader }
    if reader == nil {
      reader = try? await world.bus.reader(topics: [Topics.responses], from: .beginning)
      state.withLock { [reader] in $0.reader = reader }
    }
    var decoder = ResponseDecoder()
    for event in await reader?.poll(PollLimit(wait: .seconds(1))) ?? [] {
      guard case .records(let records) = event else { continue }
      for record in records {
        guard case .success(let response) = decoder.decode(record) else { continue }
        var (code, payload, details): (String?, Bytes, JSONValue?) = (nil, .empty, nil)
        switch response.outcome {
        case .success(let found): payload = found
        case .failure(let error): (code, payload, details) = (error.code.rawValue, Bytes(error.message), error.details)
        }
        state.withLock { [code, payload, details] in
          $0.answers.append(
            Answer(
              correlationID: response.correlationID, envelopeID: response.envelopeID, code: code, content: payload,
              details: details, time: record.timestamp))
        }
      }
    }
  }
}
