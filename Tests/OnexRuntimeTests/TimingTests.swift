import OnexCore
import OnexJSON
import OnexTestSupport
import Synchronization
import Testing

/// Time limits, retries and circuit breakers, in time that the tests move.
@Suite(.timeLimit(.minutes(1)), .serialized) struct TimingTests {
  /// In real time, since it holds a thread: the contract allows a second.
  @Test func aHandlerThatHangsIsAnsweredForAndTheOthersGoOn() async throws {
    let harness = try Harness()
    try await harness.runtime.withRunning {
      let answer = try await harness.ask("hanging.forever")
      #expect(answer["error"]?["code"] == "HANDLER_TIMEOUT")
      #expect(answer["error"]?["retryable"] == true)
      // The thread is still held; nobody else notices.
      let other = try await harness.ask("slow.echo")
      #expect(other["success"] == true)
      Hanging.gate.open()
    }
  }

  @Test func aRetriableFailureIsTriedAgainAfterItsBackoffs() async throws {
    try await Harness.simulate { harness, _ in
      let answer = try await harness.ask("flaky.call", extra: #","idempotency_key":"k-1""#)
      #expect(answer["payload"] == ["attempt": 3, "key": "k-1"])
      #expect(answer["duration_ms"]?.double == 300)
    }
  }

  @Test func theCircuitOpensAfterItsThresholdAndProbesAfterItsTimeout() async throws {
    let before = Failing.calls.load(ordering: .relaxed)
    try await Harness.simulate { harness, clock in
      for expected in ["HANDLER_UNAVAILABLE", "HANDLER_UNAVAILABLE", "CIRCUIT_OPEN"] {
        let answer = try await harness.ask("failing.call")
        #expect(answer["error"]?["code"]?.string == expected)
      }
      try await clock.sleep(for: .seconds(10))
      for expected in ["HANDLER_UNAVAILABLE", "CIRCUIT_OPEN"] {
        let answer = try await harness.ask("failing.call")
        #expect(answer["error"]?["code"]?.string == expected)
      }
    }
    #expect(Failing.calls.load(ordering: .relaxed) - before == 3)
  }
}
