import OnexCore
import Testing

@testable import OnexPostgres

@Suite struct PoolStateTests {
  @Test func connectionsAreOpenedForThoseWhoWaitUpToTheBound() {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1, 2, 3)
    #expect(scene.opening.count == 2)
    scene.open()
    scene.open()
    #expect(scene.handed == [1, 2] && scene.state.statistics.waiting == 1)
    #expect(scene.opening.isEmpty)
  }

  @Test func theOneWhoWaitsLongestIsNext() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 1))
    scene.request(1, 2, 3, 4)
    scene.open()
    for request in 1...3 { try scene.giveBack(request) }
    #expect(scene.handed == [1, 2, 3, 4])
    #expect(scene.state.openedTotal == 1, "one connection serves them all")
  }

  @Test func theConnectionUsedLastIsUsedNext() throws {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1, 2)
    scene.open()
    scene.open()
    let second = scene.leases[2]
    try scene.giveBack(1)
    try scene.giveBack(2)
    scene.request(3)
    #expect(scene.leases[3] == second)
  }

  @Test func aFullQueueRefusesTheNextOne() {
    var scene = PoolScene(PoolScene.limits(waitingMax: 2))
    scene.request(1, 2, 3)
    #expect(scene.failures == [3: .queueFull(waitingMax: 2)])
  }

  @Test func whoWaitsTooLongIsToldSo() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 1))
    scene.request(1)
    scene.open()
    scene.request(2)
    scene.advance(by: .seconds(4))
    scene.request(3)
    scene.advance(by: .seconds(6))
    #expect(scene.failures == [2: .timedOut(after: .seconds(10), lastFailure: nil)])
    scene.advance(by: .seconds(3))
    #expect(scene.failures.count == 1)
    scene.advance(by: .seconds(1))
    #expect(scene.failures.count == 2)
    try scene.giveBack(1)
    #expect(scene.handed == [1], "nobody is left to get it")
  }

  @Test func aCancelledRequestLeavesTheQueue() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 1))
    scene.request(1, 2, 3)
    scene.open()
    scene.cancel(2)
    scene.cancel(2)
    try scene.giveBack(1)
    #expect(scene.failures == [2: .cancelled] && scene.handed == [1, 3])
  }

  @Test func whatNobodyNeedsIsClosedExceptForTheMinimum() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 3, idleMin: 1))
    scene.request(1, 2, 3)
    for _ in 1...3 { scene.open() }
    for request in 1...3 {
      try scene.giveBack(request)
      scene.advance(by: .seconds(1))
    }
    scene.advance(by: .seconds(56))
    #expect(scene.closing.isEmpty)
    scene.advance(by: .seconds(1))
    #expect(scene.closing.count == 1, "60 s after the first came back")
    scene.advance(by: .seconds(1))
    #expect(scene.closing.count == 2)
    scene.advance(by: .seconds(3600))
    scene.close()
    #expect(scene.closing.count == 1 && scene.state.statistics.idle == 1)
  }

  @Test func aConnectionThatClosesHoldsItsPlaceUntilItIsGone() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 1))
    scene.request(1)
    scene.open()
    scene.request(2)
    try scene.giveBack(1, isReusable: false)
    #expect(scene.opening.isEmpty && scene.closing.count == 1)
    scene.close()
    #expect(scene.opening.count == 1)
    scene.open()
    #expect(scene.handed == [1, 2])
  }

  @Test func aBrokenConnectionIsReplacedOnlyWhenSomebodyWaits() throws {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1)
    scene.open()
    try scene.giveBack(1, isReusable: false)
    scene.close()
    #expect(scene.opening.isEmpty && scene.state.connectionCount == 0)
  }

  @Test func whoIsHandedABrokenConnectionKeepsItsTurn() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 1, waitingMax: 1))
    scene.request(1)
    scene.open()
    scene.request(2)
    try scene.bounce(1)
    scene.close()
    scene.open()
    #expect(scene.handed == [1, 1] && scene.failures.isEmpty)
    try scene.giveBack(1)
    #expect(scene.handed == [1, 1, 2])
  }

  @Test func aRequestCancelledOnItsWayToABrokenConnectionIsAnswered() throws {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1)
    scene.open()
    scene.cancel(1)
    #expect(scene.failures.isEmpty)
    try scene.bounce(1)
    #expect(scene.failures == [1: .cancelled])
  }

  @Test func closingRefusesThoseWhoWaitAndDrainsTheRest() throws {
    var scene = PoolScene(PoolScene.limits(connectionsMax: 2))
    scene.request(1)
    scene.open()
    scene.request(2)
    scene.beginClosing()
    scene.request(3)
    #expect(scene.failures == [2: .closed, 3: .closed] && scene.isStopped)
    scene.failOpen(ConnectionThread.cancelled)
    #expect(scene.state.statistics.failedOpensTotal == 0, "an attempt that was cut short did not fail")
    #expect(!scene.isDrained)
    try scene.giveBack(1)
    #expect(scene.closing.count == 1 && !scene.isDrained)
    scene.close()
    #expect(scene.isDrained)
  }

  @Test func aConnectionThatOpensWhileThePoolClosesIsClosed() {
    var scene = PoolScene(PoolScene.limits())
    scene.request(1)
    scene.beginClosing()
    scene.open()
    #expect(scene.closing.count == 1)
    scene.close()
    #expect(scene.isDrained)
  }

  @Test func anEmptyPoolIsDrainedAtOnce() {
    var scene = PoolScene(PoolScene.limits())
    scene.beginClosing()
    scene.beginClosing()
    #expect(scene.isDrained)
  }
}
