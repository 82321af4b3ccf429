import OnexCore
import Testing

@testable import OnexPostgres

/// What the pool does about a server that is away.
@Suite struct PoolBackoffTests {
  @Test func aFailedAttemptFailsNobodyAndIsMadeAgainLater() {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1)
    scene.failOpen()
    #expect(scene.failures.isEmpty && scene.opening.isEmpty)
    scene.advance(by: .milliseconds(999))
    #expect(scene.opening.isEmpty)
    scene.advance(by: .milliseconds(1))
    #expect(scene.opening.count == 1)
    scene.failOpen()
    scene.advance(by: .milliseconds(3999))
    #expect(scene.opening.isEmpty, "the second wait is longer, and the policy's number of attempts is no bound")
    scene.advance(by: .milliseconds(1))
    scene.open()
    #expect(scene.handed == [1] && scene.state.statistics.failedOpensTotal == 2)
  }

  @Test func whoeverComesDuringTheBackoffWaitsForItToo() {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1)
    scene.failOpen()
    scene.request(2)
    #expect(scene.opening.isEmpty)
    scene.advance(by: .seconds(1))
    #expect(scene.opening.count == 1, "a server that refused is asked by one attempt at a time")
    scene.open()
    #expect(scene.opening.count == 1, "it is back: the others are opened at once")
  }

  @Test func attemptsThatFailTogetherAreOneFailure() {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 3))
    scene.request(1, 2, 3)
    for _ in 1...3 { scene.failOpen() }
    scene.advance(by: .seconds(1))
    #expect(scene.opening.count == 1)
  }

  @Test func anOutageEndsInTheTimeoutThatNamesIt() {
    var scene = PoolScene(PoolScene.limits(acquireTimeout: .seconds(3)))
    scene.request(1)
    scene.failOpen()
    scene.advance(by: .seconds(1))
    scene.advance(by: .seconds(2))
    #expect(scene.failures == [1: .timedOut(after: .seconds(3), lastFailure: PoolScene.away)])
    let error = scene.failures[1]?.error
    #expect(error?.code == .timedOut && error?.message.contains("connection refused") == true, "\(String(describing: error))")
    scene.failOpen()
    scene.advance(by: .seconds(60))
    #expect(scene.opening.isEmpty, "nobody waits any more")
  }

  @Test func aRefusalFailsThoseWhoWaitAtOnce() {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1, 2, 3)
    scene.failOpen(PoolScene.refused)
    #expect(Set(scene.failures.keys) == [1, 2, 3] && scene.failures[1] == .refused(PoolScene.refused))
    scene.failOpen(PoolScene.refused)
    scene.request(4)
    #expect(scene.opening.isEmpty, "a server that refuses is not asked again for every request")
    scene.advance(by: .seconds(1))
    #expect(scene.opening.count == 1)
  }

  @Test func aSuccessForgetsTheFailures() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 1))
    scene.request(1)
    scene.failOpen()
    scene.advance(by: .seconds(1))
    scene.open()
    scene.request(2)
    scene.advance(by: .seconds(10))
    #expect(scene.failures == [2: .timedOut(after: .seconds(10), lastFailure: nil)])
  }
}
