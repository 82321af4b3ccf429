import OnexCore
import OnexTestSupport
import Testing

@testable import OnexPostgres

/// Anything may happen to a pool in any order; some things hold all the same. `PoolScene` checks at every action that no request
/// is answered twice and no connection handed to two.
@Suite struct PoolInvariantTests {
  @Test(arguments: UInt64(1)...200)
  func everyRequestIsAnsweredOnceAndNoBoundIsPassed(_ seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let limits = PoolScene.limits(
      connectionsMax: 1 + random.next(below: 4), waitingMax: 1 + random.next(below: 6), idleMin: random.next(below: 3))
    var scene = PoolScene(limits)
    var requests = 0
    for _ in 0..<400 {
      try step(&scene, &random, &requests)
      check(scene, limits, requests)
    }
    try windDown(&scene)
    #expect(scene.isDrained && scene.state.connectionCount == 0, "seed \(seed)")
    #expect(scene.failures.count + scene.done.count == requests, "seed \(seed)")
  }

  private func step(_ scene: inout PoolScene, _ random: inout SplitMix, _ requests: inout Int) throws {
    let borrower = scene.leases.keys.sorted().randomElement(using: &random)
    switch random.next(below: 12) {
    case 0...2:
      requests += 1
      scene.request(requests)
    case 3, 4: if !scene.opening.isEmpty { scene.open() }
    case 5: if !scene.opening.isEmpty { scene.failOpen(random.next(below: 8) == 0 ? PoolScene.refused : PoolScene.away) }
    case 6, 7: if let borrower { try scene.giveBack(borrower, isReusable: random.next(below: 4) > 0) }
    case 8: if let borrower { try scene.bounce(borrower) }
    case 9: if requests > 0 { scene.cancel(1 + random.next(below: requests)) }
    case 10: if !scene.closing.isEmpty { scene.close() }
    default: scene.advance(by: .milliseconds(random.next(below: 20_000)))
    }
  }

  private func check(_ scene: PoolScene, _ limits: PoolLimits, _ requests: Int) {
    let state = scene.state
    let places = scene.opening.count + scene.closing.count + scene.leases.count + state.statistics.idle
    #expect(places == state.connectionCount && places <= limits.connectionsMax)
    // Those whose connection was broken have their place whatever the bound.
    #expect(state.waiting.count <= limits.waitingMax + limits.connectionsMax)
    #expect(state.waiting.isEmpty || state.idle.isEmpty, "nobody waits beside a free connection")
    #expect(zip(state.waiting, state.waiting.dropFirst()).allSatisfy { $0.arrival < $1.arrival && $0.deadline <= $1.deadline })
    #expect(state.waiting.allSatisfy { $0.deadline > scene.now }, "nobody waits longer than the timeout")
    #expect(state.waiting.count + scene.leases.count <= requests)
    let isStuck = !state.waiting.isEmpty && state.connectionCount == 0 && scene.wake == nil
    #expect(!isStuck, "somebody waits, and nothing will happen")
  }

  private func windDown(_ scene: inout PoolScene) throws {
    scene.beginClosing()
    while !scene.opening.isEmpty { scene.open() }
    for request in scene.leases.keys.sorted() { try scene.giveBack(request) }
    while !scene.closing.isEmpty { scene.close() }
  }
}
