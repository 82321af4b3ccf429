import OnexCore
import OnexJSON
import OnexTestSupport
import Synchronization
import Testing

/// Time limits, retries and circuit breakers, in time that the tests move.
@Suite(.timeLimit(.minutes(1)), .serialized) struct TimingTests {
  @Test func aHandlerThatHangsIsAnsweredForAndTheOthersGoOn() async throws {
    let clock = VirtualClock()
    let harness = try Harness(clock: clock)
    try await harness.runtime.withRunning {
      async let hanging = harness.ask("hanging.forever")
      await clock.waitForSleeper(dueWithin: .milliseconds(1000))
      clock.advance(by: .milliseconds(1000))
      let answer = try await hanging
      #expect(answer["error"]?["code"] == "HANDLER_TIMEOUT")
      #expect(answer["error"]?["retryable"] == true)
      // The thread is still held; nobody else notices.
      let other = try await harness.ask("slow.echo")
      #expect(other["success"] == true)
      Hanging.gate.open()
    }
  }

  @Test func aRetriableFailureIsTriedAgainAfterItsBackoffs() async throws {
    let clock = VirtualClock()
    let harness = try Harness(clock: clock)
    try await harness.runtime.withRunning {
      async let flaky = harness.ask("flaky.call", extra: #","idempotency_key":"k-1""#)
      for backoff in [100, 200] {
        await clock.waitForSleeper(dueWithin: .milliseconds(backoff))
        clock.advance(by: .milliseconds(backoff))
      }
      let answer = try await flaky
      #expect(answer["payload"] == ["attempt": 3, "key": "k-1"])
      #expect(answer["duration_ms"]?.double == 300)
    }
  }

  @Test func theCircuitOpensAfterItsThresholdAndProbesAfterItsTimeout() async throws {
    let clock = VirtualClock()
    let harness = try Harness(clock: clock)
    let before = Failing.calls.load(ordering: .relaxed)
    try await harness.runtime.withRunning {
      for expected in ["HANDLER_UNAVAILABLE", "HANDLER_UNAVAILABLE", "CIRCUIT_OPEN"] {
        let answer = try await harness.ask("failing.call")
        #expect(answer["error"]?["code"]?.string == expected)
      }
      clock.advance(by: .seconds(10))
      for expected in ["HANDLER_UNAVAILABLE", "CIRCUIT_OPEN"] {
        let answer = try await harness.ask("failing.call")
        #expect(answer["error"]?["code"]?.string == expected)
      }
    }
    #expect(Failing.calls.load(ordering: .relaxed) - before == 3)
  }
}
