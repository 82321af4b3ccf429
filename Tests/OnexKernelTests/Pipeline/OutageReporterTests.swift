import OnexService
import Testing

@testable import OnexKernel

/// What `/ready` says while one part of a pipeline can reach what it needs and another cannot.
@Suite struct OutageReporterTests {
  private let health = HealthState()
  private let outages: OutageReporter

  init() {
    health.running()
    outages = OutageReporter(health: health, logger: .disabled)
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
  @Test(arguments: [OutageReporter.Witness.producer, .store]) func oneThatIsBackDoesNotSpeakForTheOther(
    _ other: OutageReporter.Witness
  ) {
    outages.failed(other, "it does not answer")
    outages.failed(.consumer, "no broker answers")
    outages.succeeded(.consumer)
    #expect(!health.isReady)
    outages.succeeded(other)
    #expect(health.isReady)
  }
}
