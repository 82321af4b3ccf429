import OnexCore
import Testing

@Suite struct RetryPolicyTests {
  @Test func backoffDoublesUpToItsBound() {
    let policy = RetryPolicy(
      attemptsMax: 6, initialBackoff: .milliseconds(100), maxBackoff: .milliseconds(500), multiplier: 2, jitter: 0)
    let waits = (1...6).map { policy.backoff(afterAttempt: $0, random: 0) }
    #expect(waits == [.milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(500), .milliseconds(500), nil])
  }

  @Test func jitterOnlyShortens() throws {
    let policy = RetryPolicy(attemptsMax: 2, initialBackoff: .seconds(1), jitter: 0.2)
    #expect(policy.backoff(afterAttempt: 1, random: 0) == .seconds(1))
    #expect(try #require(policy.backoff(afterAttempt: 1, random: 0.999)) > .milliseconds(799))
  }

  @Test func anOutageIsNeverGivenUp() {
    #expect(RetryPolicy.outage.backoff(afterAttempt: 1_000_000, random: 0) == .seconds(5))
  }
}

@Suite struct CircuitBreakerTests {
  private func breaker() -> CircuitBreaker {
    CircuitBreaker(CircuitBreakerPolicy(failureThreshold: 2, resetTimeout: .seconds(10), halfOpenSuccesses: 2))
  }

  @Test func opensAfterConsecutiveFailuresOnly() {
    var breaker = breaker()
    breaker.failed(at: .zero)
    breaker.succeeded()
    breaker.failed(at: .zero)
    #expect(!breaker.isOpen)
    breaker.failed(at: .zero)
    #expect(breaker.isOpen)
    check(!breaker.permits(at: .seconds(9)))
  }

  @Test func letsOneProbeThroughAfterTheResetTimeout() {
    var breaker = breaker()
    breaker.failed(at: .zero)
    breaker.failed(at: .zero)
    check(breaker.permits(at: .seconds(10)))
    check(!breaker.permits(at: .seconds(10)))
    breaker.succeeded()
    check(breaker.permits(at: .seconds(11)))
    breaker.succeeded()
    #expect(breaker.state == .closed(failures: 0))
  }

  @Test func aFailedProbeOpensAgainForTheWholeTimeout() {
    var breaker = breaker()
    breaker.failed(at: .zero)
    breaker.failed(at: .zero)
    check(breaker.permits(at: .seconds(10)))
    breaker.failed(at: .seconds(12))
    check(!breaker.permits(at: .seconds(21)))
    check(breaker.permits(at: .seconds(22)))
  }

  @Test func anAbandonedProbeMakesRoomForAnother() {
    var breaker = breaker()
    breaker.failed(at: .zero)
    breaker.failed(at: .zero)
    check(breaker.permits(at: .seconds(10)))
    breaker.abandoned()
    check(breaker.permits(at: .seconds(10)))
  }
}
