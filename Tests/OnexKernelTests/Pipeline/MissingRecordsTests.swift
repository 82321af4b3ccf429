import OnexCore
import OnexTestSupport
import Testing

@testable import OnexKernel
@testable import OnexService

/// What is shown of records that the broker no longer has.
@Suite struct MissingRecordsTests {
  private let clock = VirtualClock()
  private let context: ServiceContext
  private let missing: MissingRecords
  private let place = TopicPartition("requests", 3)

  init() throws {
    context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(clock: clock),
      clock: clock)
    missing = MissingRecords(context, group: "g")
    context.health.running()
  }

  private var codes: [String] { context.health.snapshot().reasons.map(\.code).sorted() }

  @Test func aGapIsCountedAndShownForAnHourWithoutBlocking() {
    missing.skipped(place, from: 10, to: 25)
    clock.advance(by: .seconds(3000))
    missing.skipped(place, from: 40, to: 42)
    let text = context.metrics.prometheusText()
    #expect(text.contains(#"onex_records_skipped_total{group="g",topic="requests",partition="3"} 17"#))
    #expect(codes == ["RECORDS_SKIPPED"] && context.health.isReady)
    #expect(context.health.snapshot().reasons[0].message.contains("requests[3]"))
    clock.advance(by: .seconds(3599))
    missing.clearOld()
    #expect(codes == ["RECORDS_SKIPPED"], "an hour after the last one")
    clock.advance(by: .seconds(1))
    missing.clearOld()
    #expect(codes == [])
  }

  @Test func aLogThatWentBackHasItsOwnReason() {
    missing.wentBack(place, from: 100, to: 0)
    missing.skipped(place, from: 0, to: 1)
    #expect(codes == ["LOG_WENT_BACK", "RECORDS_SKIPPED"] && context.health.isReady)
    #expect(context.metrics.prometheusText().contains("onex_log_went_back_total"))
  }

  /// Offsets come from the broker.
  @Test func offsetsAtTheEndsOfTheirRangeAreNoTrouble() {
    for _ in 0..<3 {
      missing.skipped(place, from: .min, to: .max)
      missing.skipped(place, from: 0, to: .max)
    }
    missing.skipped(place, from: .max, to: .min)
    missing.wentBack(place, from: .min, to: .max)
    #expect(codes == ["LOG_WENT_BACK", "RECORDS_SKIPPED"])
  }
}
