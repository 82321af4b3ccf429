import Glibc
import OnexCore
import OnexJSON
import OnexTestSupport
import Testing

@testable import OnexService

/// A run whose contract is gone when everything is started again.
@Suite(.timeLimit(.minutes(1))) struct OrphanedRunTests {
  /// The contracts that the steps of `hanging_order` need, without `hanging_order`.
  private static func contracts() throws -> String {
    var template = Array("/tmp/onex-contracts-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for (name, type, kind, operation) in [
      ("quick", "QuickEcho", "compute", "quick.echo"), ("slow", "SlowEcho", "compute", "slow.echo"),
      ("sleeping", "Sleeping", "compute", "sleeping.long"),
    ] {
      try #require(mkdir("\(folder)/\(name)", 0o755) == 0)
      let file = try #require(fopen("\(folder)/\(name)/contract.yaml", "w"))
      defer { fclose(file) }
      let text =
        "handler_name: \(name)\nhandler_class: OnexRuntimeTests.\(type)\nhandler_type: \(kind)\noperations: [\(operation)]\n"
      text.withCString { text in _ = fwrite(text, 1, strlen(text), file) }
    }
    return folder
  }

  private static let correlation = CorrelationID(RawUUID(high: 4, low: 2))

  private static func send(_ harness: Harness, _ deadline: Timestamp?) async throws {
    let extra = deadline.map { #","deadline":"\#($0.rfc3339)""# } ?? ""
    let text =
      #"{"operation":"hanging_order.place","correlation_id":"\#(correlation)"\#(extra),"payload":{"item":"book"}}"#
    let failures = try await harness.runtime.bus.producer().publish([
      OutboundRecord(topic: Topics.requests, key: "k", value: Bytes(text))
    ])
    #expect(failures.isEmpty)
  }

  private static func answers(_ harness: Harness) async throws -> [JSONValue] {
    try await harness.records(of: Topics.responses).compactMap { record in
      let answer = try JSONValue.parse(record.value ?? "{}")
      return answer["correlation_id"]?.string == correlation.description ? answer : nil
    }
  }

  @Test func itsDeadlineIsAnsweredAndItIsTakenBack() async throws {
    let restart = Harness.Restart(contracts: try OrphanedRunTests.contracts()) { harness, clock in
      #expect(harness.runtime.catalogue.router.routes.allSatisfy { !$0.operation.hasPrefix("hanging_order") })
      try await clock.sleep(for: .seconds(1))
      let open = harness.context.health.snapshot().reasons.map(\.code)
      #expect(open.contains("RUNS_WITHOUT_CONTRACT"), "\(open)")
      try await clock.sleep(for: .seconds(180))
      let answers = try await OrphanedRunTests.answers(harness)
      #expect(answers.count == 1 && answers[0]["error"]?["code"] == "DEADLINE_EXCEEDED", "\(answers)")
      let events = try await harness.runtime.store.events(.all, after: nil, until: nil, countMax: 1000).map(\.event.event.type)
      #expect(events.last == "workflow.failed" && events.filter { $0 == "compensation.succeeded" }.count == 2, "\(events)")
      #expect(harness.runtime.store.timersPending == 0)
      let reasons = harness.context.health.snapshot().reasons.map(\.code)
      #expect(!reasons.contains("RUNS_WITHOUT_CONTRACT"), "it is over")
      let letters = harness.runtime.bus.topicNames.filter { $0.hasSuffix(".dlq") }
      #expect(letters.isEmpty, "\(letters)")
      let refused = try await harness.ask("hanging_order.place", #"{"item":"book"}"#)
      #expect(refused["error"]?["code"] == "UNKNOWN_OPERATION", "new requests are refused")
    }
    try await Harness.simulate(restart: restart) { harness, clock in
      try await OrphanedRunTests.send(harness, clock.now() + .seconds(100))
      try await clock.sleep(for: .milliseconds(500))
      #expect(try await OrphanedRunTests.answers(harness).isEmpty)
    }
  }
}
