import OnexCore
import OnexTestSupport
import Synchronization
import Testing

@testable import OnexKernel
@testable import OnexService

@Suite struct OperationReportTests {
  private let clock = VirtualClock()
  private let health = HealthState()
  private let log = LogLines()
  private let context: ServiceContext
  private let report: OperationReport

  init() throws {
    context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])),
      logger: Logger(label: "test", sink: log), health: health, clock: clock)
    report = OperationReport(context, group: "workers")
  }

  private func envelope(_ name: String) throws -> Envelope {
    Envelope(
      operation: try #require(Operation(name)), payload: "{}", envelopeID: EnvelopeID(RawUUID(random: 1, 2)),
      correlationID: CorrelationID(RawUUID(random: 3, 4)))
  }

  private func operation(_ label: String) throws -> LoadedOperation {
    struct Nothing: Handler {
      init(_ setup: HandlerSetup) {}
      init() {}
      func handle(_ request: HandlerRequest) async throws -> Bytes { "{}" }
    }
    let contract = HandlerContract(
      name: "scripted", handlerClass: try #require(HandlerClass("Tests.Nothing")), kind: .compute, operations: .prefix("price"),
      settings: OperationSettings())
    return LoadedOperation(contract: contract, label: label, settings: contract.settings, handler: Nothing())
  }

  private func fail(_ code: ErrorCode, _ series: OperationReport.Series) throws {
    report.finished(
      series, .failure(ResponseError(code, "the price list is away")), after: .milliseconds(3), try envelope("price.quote"))
  }

  @Test func outcomesAreCountedByOperationAndDurationsToo() throws {
    let series = report.series(try operation("price.*"))
    for _ in 0..<3 { report.finished(series, .success("{}"), after: .milliseconds(3), try envelope("price.quote")) }
    try fail(.handlerFailed, series)
    let text = context.metrics.prometheusText()
    #expect(text.contains(#"onex_requests_total{group="workers",operation="price.*",outcome="success"} 3"#), "\(text)")
    #expect(text.contains(#"onex_requests_total{group="workers",operation="price.*",outcome="HANDLER_FAILED"} 1"#))
    #expect(text.contains(#"onex_request_duration_seconds_count{group="workers",operation="price.*"} 4"#))
  }

  @Test func eachDistinctFailureIsLoggedOnceAMinuteWithItsRepeats() throws {
    let series = report.series(try operation("price.*"))
    for _ in 0..<500 { try fail(.handlerFailed, series) }
    try fail(.handlerTimeout, series)
    #expect(log.fields("code") == ["HANDLER_FAILED", "HANDLER_TIMEOUT"])
    clock.advance(by: OperationReport.repeatsFor)
    try fail(.handlerFailed, series)
    #expect(log.fields("code") == ["HANDLER_FAILED", "HANDLER_TIMEOUT", "HANDLER_FAILED"])
    #expect(log.fields("repeats") == ["0", "0", "499"])
  }

  @Test func whatWasRoutedToAMemberWithoutItsContractIsRetryableAndSaid() throws {
    let error = report.notHere(try envelope("price.quote"))
    #expect(error.code == .handlerUnavailable && error.isRetryable)
    for number in 0..<1000 { _ = report.notHere(try envelope("price.quote\(number)")) }
    let reason = health.snapshot().reasons.first { $0.code == "OPERATION_NOT_HERE" }
    #expect(reason?.blocksReadiness == false && reason?.message.contains("price.quote") == true)
    #expect(log.fields("operation").count == 16, "senders choose names; they are told up to a bound")
    clock.advance(by: OperationReport.shownFor)
    report.clearOld()
    #expect(health.snapshot().reasons.isEmpty)
  }
}

/// Keeps what is logged.
private final class LogLines: LogSink {
  private let entries = Mutex<[LogEntry]>([])

  func write(_ entry: LogEntry) { entries.withLock { $0.append(entry) } }

  /// The values of one field in the order of the lines that have it.
  func fields(_ name: String) -> [String] {
    entries.withLock { entries in
      entries.flatMap(\.fields).filter { "\($0.name)" == name }.map { field in
        switch field.value {
        case .string(let text): text
        case .integer(let number): String(number)
        default: "\(field.value)"
        }
      }
    }
  }
}
