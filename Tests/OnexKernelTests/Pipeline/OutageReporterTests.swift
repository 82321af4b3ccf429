import OnexCore
import Testing

@testable import OnexKernel
@testable import OnexService

/// What `/ready` says while one part of a pipeline can reach what it needs and another cannot.
@Suite struct OutageReporterTests {
  private let health = HealthState()
  private let outages: OutageReporter

  init() {
    health.running()
    outages = OutageReporter(health: health, logger: .disabled, name: "g")
  }

  /// A batch was acknowledged, the broker went away, and only then does somebody look at the acknowledgement.
  @Test func anAcknowledgementFromBeforeDoesNotEndAnOutage() {
    outages.failed(.consumer, "no broker answers")
    outages.succeeded(.producer)
    #expect(!health.isReady)
    outages.succeeded(.consumer)
    #expect(health.isReady)
  }

  /// Producer and consumer of one broker, broker and database.
  @Test(arguments: [OutageReporter.Witness.producer, .commit]) func oneThatIsBackDoesNotSpeakForTheOther(
    _ other: OutageReporter.Witness
  ) {
    outages.failed(other, "it does not answer")
    outages.failed(.consumer, "no broker answers")
    outages.succeeded(.consumer)
    #expect(!health.isReady)
    outages.succeeded(other)
    #expect(health.isReady)
  }

  /// A database that refuses writes answers pings and finds timers; a locked table answers neither commit nor claim.
  @Test(arguments: [OutageReporter.Witness.ping, .timers, .lookup, .claim])
  func whatSucceedsDoesNotSpeakForTheCommit(_ other: OutageReporter.Witness) {
    outages.failed(.commit, StoreError(.unavailable, "cannot execute INSERT in a read-only transaction"))
    outages.succeeded(other)
    #expect(health.codes == ["STORE_UNAVAILABLE"])
    outages.failed(other, StoreError(.unavailable, "it does not answer"))
    outages.succeeded(.commit)
    #expect(health.codes == ["STORE_UNAVAILABLE"])
    outages.succeeded(other)
    #expect(health.isReady)
  }

  /// The watch of the database and two roles of one process, each with a reporter of its own.
  @Test func reportersOfOneProcessDoNotSpeakForEachOther() {
    let other = OutageReporter(health: health, logger: .disabled, name: "database")
    outages.failed(.commit, StoreError(.unavailable, "the disk is full"))
    other.failed(.ping, StoreError(.unavailable, "the disk is full"))
    other.succeeded(.ping)
    #expect(health.codes == ["STORE_UNAVAILABLE"])
    outages.succeeded(.commit)
    #expect(health.codes == [])
  }

  @Test func aRefusalHasItsOwnName() {
    outages.failed(.commit, StoreError(.unavailable, "it does not answer"))
    outages.failed(.commit, StoreError(.refused, "permission denied for table inbox"))
    #expect(health.codes == ["STORE_REFUSED"])
    outages.failed(.producer, EventBusError(.authorization, "Topic authorization failed").of(topic: "responses"))
    #expect(health.codes == ["BROKER_REFUSED", "STORE_REFUSED"])
    #expect(!health.isReady)
    outages.succeeded(.commit)
    outages.succeeded(.producer)
    #expect(health.isReady)
  }
}

extension HealthState {
  /// The codes of what is wrong, in order.
  fileprivate var codes: [String] { snapshot().reasons.map(\.code).sorted() }
}
