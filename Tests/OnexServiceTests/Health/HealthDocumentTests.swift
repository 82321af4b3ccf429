import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

@testable import OnexService

@Suite struct HealthDocumentTests {
  private let clock = VirtualClock(start: Timestamp(microseconds: 1_795_232_934_000_000))
  private let state: HealthState
  private let began = "2026-11-21T03:48:54.000000Z"

  init() { state = HealthState(clock: clock) }

  private func health() throws -> (status: Int, body: JSONValue) {
    let document = HealthDocument(snapshot: state.snapshot(), version: "0.1.0", runbooks: "docs/operations")
    return (document.healthStatus, try JSONValue.parse(document.health(correlationID: RawUUID(high: 1, low: 2))))
  }

  private func ready() throws -> (status: Int, body: JSONValue) {
    let document = HealthDocument(snapshot: state.snapshot(), version: "0.1.0", runbooks: "docs/operations")
    return (document.readyStatus, try JSONValue.parse(document.ready()))
  }

  @Test func whileStartingHealthIsUnhealthyAndReadyNamesTheStep() throws {
    state.starting("join the consumer group")
    #expect(try health().status == 503)
    #expect(
      try health().body == [
        "status": "unhealthy", "version": "0.1.0", "error": "Runtime not initialized",
        "correlation_id": "00000000-0000-0001-0000-000000000002",
        "reasons": [
          [
            "code": "STARTING", "since": .string(began), "message": "starting: join the consumer group",
            "runbook": "docs/operations/alerts.md#starting",
          ]
        ],
      ])
    #expect(try ready().status == 503)
    #expect(try ready().body["status"] == "not_ready")
    #expect(try ready().body["phase"] == "starting")
    #expect(try ready().body["step"] == "join the consumer group")
    #expect(try ready().body["reasons"]?.array?.first?["code"] == "STARTING")
  }

  @Test func whatBlocksReadinessComesFirst() throws {
    state.running()
    state.raise("HANDLER_FAILED_TO_LOAD", message: "one of five", blocksReadiness: false)
    state.raise("BROKER_UNREACHABLE", message: "no answer", blocksReadiness: true)
    state.raise("ADVICE", message: "harmless", blocksReadiness: false)
    for body in [try health().body, try ready().body] {
      let codes = body["reasons"]?.array?.compactMap { $0["code"]?.string }
      #expect(codes == ["BROKER_UNREACHABLE", "HANDLER_FAILED_TO_LOAD", "ADVICE"])
    }
  }

  @Test func healthyHasExactlyTheDocumentedShape() throws {
    state.handlers(registered: 5, active: 5)
    state.running()
    let document = HealthDocument(snapshot: state.snapshot(), version: "0.1.0", runbooks: "docs/operations")
    #expect(document.healthStatus == 200)
    let expected: Bytes = """
      {"status":"healthy","version":"0.1.0","details":{"healthy":true,"degraded":false,"runtime_active":true,\
      "handlers":{"registered":5,"active":5}}}
      """
    #expect(document.health(correlationID: RawUUID(high: 0, low: 0)) == expected)
    #expect(document.readyStatus == 200)
    #expect(document.ready() == #"{"status":"ready","version":"0.1.0","phase":"running","checks":{}}"#)
  }

  @Test func aServicesOwnDetailsStandBesideTheOthersAndChangeNothing() throws {
    state.running()
    state.detail("topics", ["drift": ["a differs"]])
    #expect(try health().status == 200)
    #expect(try health().body["status"] == "healthy")
    #expect(try health().body["details"]?["topics"] == ["drift": ["a differs"]])
    state.detail("topics", nil)
    #expect(try health().body["details"]?["topics"] == nil)
  }

  @Test func aFailedHandlerDegradesAndDoesNotBlockReadiness() throws {
    state.running()
    state.handlers(registered: 5, active: 4, failed: ["handler_x"])
    #expect(try health().status == 200)
    let body = try health().body
    #expect(body["status"] == "degraded")
    #expect(
      body["details"] == [
        "healthy": false, "degraded": true, "runtime_active": true,
        "handlers": ["registered": 5, "active": 4, "failed": ["handler_x"]],
      ])
    #expect(
      body["reasons"] == [
        [
          "code": "HANDLER_FAILED_TO_LOAD", "since": .string(began), "message": "1 handler could not be loaded",
          "runbook": "docs/operations/alerts.md#handler_failed_to_load",
        ]
      ])
    #expect(try ready().status == 200)
    #expect(try ready().body["reasons"] == nil)
    state.handlers(registered: 5, active: 5)
    #expect(try health().body["status"] == "healthy")
  }

  @Test func whoLoadsHandlersSaysMoreThanTheirNumber() throws {
    state.running()
    state.raise(
      "HANDLER_FAILED_TO_LOAD", message: "CLASS_NOT_FOUND", blocksReadiness: false)
    state.handlers(registered: 5, active: 4, failed: ["handler_x"])
    #expect(try health().body["reasons"]?.array?.map { $0["message"]?.string } == ["CLASS_NOT_FOUND"])
  }

  @Test func anAbsentBrokerBlocksReadinessWhileHealthStays200() throws {
    state.running()
    state.raise("BROKER_UNREACHABLE", message: "no broker", blocksReadiness: true)
    clock.advance(by: .seconds(5))
    state.raise(
      "BROKER_UNREACHABLE", message: "still none", blocksReadiness: true)
    #expect(try health().status == 200)
    #expect(try health().body["status"] == "degraded")
    #expect(try ready().status == 503)
    #expect(
      try ready().body["reasons"] == [
        [
          "code": "BROKER_UNREACHABLE", "since": .string(began), "message": "still none",
          "runbook": "docs/operations/alerts.md#broker_unreachable",
        ]
      ])
    state.clear("BROKER_UNREACHABLE")
    #expect(try ready().status == 200)
    #expect(try health().body["status"] == "healthy")
  }

  @Test func aReasonThatDoesNotBlockDegradesOnly() throws {
    state.running()
    state.raise("SLOW", message: "slow", blocksReadiness: false)
    #expect(try health().body["status"] == "degraded")
    #expect(try ready().status == 200)
  }

  @Test func checksShowStateLatencyAndTheLastErrorAlsoAfterRecovery() throws {
    state.running()
    state.check("kafka", state: .down, error: "refused")
    #expect(try ready().status == 503)
    #expect(try ready().body["reasons"]?.array?.first?["code"] == "DEPENDENCY_DOWN")
    #expect(try ready().body["reasons"]?.array?.first?["message"] == "kafka is down: refused")
    clock.advance(by: .seconds(1))
    state.check("kafka", state: .up, latency: .microseconds(1250))
    #expect(try ready().status == 200)
    #expect(
      try ready().body["checks"]?["kafka"] == [
        "state": "up", "since": "2026-11-21T03:48:55.000000Z", "latency_ms": .number(JSONNumber(validatedLiteral: "1.250")),
        "last_error": "refused",
        "last_error_at": .string(began),
      ])
  }

  @Test func aDownCheckThatAReasonExplainsAddsNoOther() throws {
    state.running()
    state.check("kafka", state: .down)
    state.raise("BROKER_UNREACHABLE", message: "no broker", blocksReadiness: true)
    #expect(try ready().body["reasons"]?.array?.map { $0["code"]?.string } == ["BROKER_UNREACHABLE"])
  }

  @Test func standingByIsReadyAndNoReason() throws {
    state.running()
    state.check("partitions", state: .standingBy)
    #expect(try ready().status == 200)
    #expect(try ready().body["checks"]?["partitions"]?["state"] == "standing_by")
    #expect(try health().body["status"] == "healthy")
  }

  @Test func whileDrainingHealthIs200AndReadyTellsWhatIsInFlight() throws {
    state.running()
    clock.advance(by: .seconds(1))
    state.draining(inFlight: 12)
    state.running()
    #expect(try health().status == 200)
    #expect(try health().body["status"] == "healthy")
    #expect(try health().body["details"]?["draining"] == true)
    #expect(try ready().status == 503)
    #expect(try ready().body["phase"] == "draining")
    #expect(try ready().body["in_flight"] == 12)
    #expect(
      try ready().body["reasons"] == [
        [
          "code": "DRAINING", "since": "2026-11-21T03:48:55.000000Z", "message": "draining: 12 in flight",
          "runbook": "docs/operations/alerts.md#draining",
        ]
      ])
  }

  @Test func aProcessAskedToEndWhileStartingWasNeverAlive() throws {
    state.starting("contracts")
    state.draining(inFlight: 0)
    #expect(try health().status == 503)
    #expect(try health().body["error"] == "Runtime not initialized")
  }

  @Test func whatIsKeptIsBounded() {
    for number in 0..<1000 {
      state.raise("CODE_\(number)", message: "", blocksReadiness: false)
      state.check("check \(number)", state: .up)
    }
    #expect(state.snapshot().reasons.count == HealthState.reasonsMax)
    #expect(state.snapshot().checks.count == HealthState.checksMax)
    state.raise("CODE_0", message: String(repeating: "x", count: 10_000), blocksReadiness: false)
    #expect(state.snapshot().reasons[0].message.utf8.count < HealthState.messageBytesMax + 4)
  }
}
