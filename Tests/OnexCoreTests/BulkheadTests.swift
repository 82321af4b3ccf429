import OnexCore
import OnexTestSupport
import Testing

@Suite struct BulkheadQueueTests {
  private func hanging(_ target: Int) -> Bulkhead { Bulkhead(handler: "http", target: Bytes("http://\(target)")) }

  @Test func aTargetThatNeverAnswersLeavesRoomForOthersOfItsHandlerAndForOtherHandlers() {
    var scheduler = KeyOrderedScheduler<Int, String>(concurrencyMax: 32)
    for key in 0..<400 { scheduler.add("hanging", key: key, bulkhead: hanging(1)) }
    for key in 400..<410 { scheduler.add("other", key: key, bulkhead: hanging(2)) }
    for key in 410..<420 { scheduler.add("file", key: key, bulkhead: Bulkhead(handler: "filesystem")) }
    var started: [String: Int] = [:]
    while let (key, work) = scheduler.next() {
      started[work, default: 0] += 1
      if work != "hanging" { scheduler.finished(key) }
    }
    #expect(started == ["hanging": 16, "other": 10, "file": 10])
  }

  @Test func aHandlerWhoseTargetsAllHangLeavesAQuarterToOthers() {
    var scheduler = KeyOrderedScheduler<Int, Int>(concurrencyMax: 32)
    for key in 0..<400 { scheduler.add(key, key: key, bulkhead: hanging(key % 50)) }
    var running = 0
    while scheduler.next() != nil { running += 1 }
    #expect(running == 24)
    scheduler.add(1000, key: 1000, bulkhead: Bulkhead(handler: "filesystem"))
    check(scheduler.next()?.work == 1000)
  }

  @Test(arguments: [1, 2, 3])
  func aLaneOfFewPlacesIsNotDivided(places: Int) {
    var queue = BulkheadQueue<Int>(placesMax: places)
    for item in 0..<10 { queue.add(item, hanging(1)) }
    check((0..<10).compactMap { _ in queue.next() }.count == places)
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func keepsSharesAndOrderAndLosesNothing(_ seed: UInt64) {
    var random = SplitMix(seed: seed)
    var queue = BulkheadQueue<Int>(placesMax: 4 + Int(random.next() % 9))
    var running: [Bulkhead?] = []
    var added: [Bulkhead?: [Int]] = [:]
    var done: [Bulkhead?: [Int]] = [:]
    func takeAll() {
      while let (item, bulkhead) = queue.next() {
        running.append(bulkhead)
        done[bulkhead, default: []].append(item)
      }
      #expect(running.count <= queue.placesMax)
      for bulkhead in Set(running.compactMap { $0 }) {
        #expect(running.filter { $0 == bulkhead }.count <= queue.targetShare)
        #expect(running.filter { $0?.handler == bulkhead.handler }.count <= queue.handlerShare)
      }
    }
    for step in 0..<1000 {
      if random.next() % 2 == 0 {
        let choice = Int(random.next() % 7)
        let bulkhead = choice == 6 ? nil : Bulkhead(handler: "h\(choice % 2)", target: Bytes("\(choice / 2)"))
        queue.add(step, bulkhead)
        added[bulkhead, default: []].append(step)
      } else if !running.isEmpty {
        queue.finished(running.remove(at: Int(random.next() % UInt64(running.count))))
      }
      takeAll()
    }
    while !running.isEmpty {
      queue.finished(running.removeFirst())
      takeAll()
    }
    #expect(done == added)
  }

  @Test func removedItemsAreSkipped() {
    var queue = BulkheadQueue<Int>(placesMax: 4)
    for item in 0..<10 { queue.add(item, hanging(item % 2)) }
    queue.removeReady { $0 != 7 }
    check(queue.next()?.item == 7)
    check(queue.next() == nil)
    queue.finished(hanging(1))
    queue.add(11, hanging(0))
    check(queue.next()?.item == 11)
  }
}

@Suite struct CircuitBreakersTests {
  private let policy = CircuitBreakerPolicy(failureThreshold: 2, resetTimeout: .seconds(10), halfOpenSuccesses: 1)

  private func target(_ number: Int) -> Bytes { Bytes("http://host-\(number):80") }

  @Test func oneTargetDoesNotStopAnother() {
    var breakers = CircuitBreakers(policy)
    check(breakers.failed(target(1), at: .zero) == nil)
    check(breakers.failed(target(1), at: .zero) == .opened)
    check(!breakers.permits(target(1), at: .seconds(9)))
    check(breakers.permits(target(2), at: .seconds(9)))
    check(breakers.permits(nil, at: .seconds(9)))
    #expect(breakers.openCount == 1)
    check(breakers.permits(target(1), at: .seconds(10)))
    check(!breakers.permits(target(1), at: .seconds(10)))
    check(breakers.succeeded(target(1)) == .closed)
    #expect(breakers.openCount == 0 && breakers.count == 0)
  }

  @Test func aProbeThatSaysNothingMakesRoomForAnother() {
    var breakers = CircuitBreakers(policy)
    for _ in 0..<2 { check(breakers.failed(target(1), at: .zero) != .closed) }
    check(breakers.permits(target(1), at: .seconds(10)))
    breakers.abandoned(target(1))
    check(breakers.permits(target(1), at: .seconds(10)))
    check(breakers.failed(target(1), at: .seconds(11)) == nil)
    check(!breakers.permits(target(1), at: .seconds(20)))
  }

  @Test func targetsWithoutFailuresTakeNoRoom() {
    var breakers = CircuitBreakers(policy)
    for number in 0..<100_000 {
      check(breakers.permits(target(number), at: .zero))
      check(breakers.succeeded(target(number)) == nil)
    }
    #expect(breakers.count == 0)
  }

  @Test func manyFailingTargetsStayBoundedAndTheCountOfOpenOnesTrue() {
    var breakers = CircuitBreakers(policy, targetsMax: 64)
    for number in 0..<10_000 {
      check(breakers.failed(target(number), at: .zero) == nil)
      check(breakers.failed(target(number), at: .zero) == .opened)
      #expect(breakers.count <= 64)
      #expect(breakers.openCount == breakers.count)
    }
    check(!breakers.permits(target(9_999), at: .zero))
  }
}

@Suite struct ExtremePolicyTests {
  @Test(arguments: [1.0, 1.000_000_1, 2, 1e300, .greatestFiniteMagnitude])
  func backoffStaysWithinItsBoundHoweverLarge(multiplier: Double) throws {
    for initial in [Duration.zero, .microseconds(1), .seconds(1), .seconds(1_000_000_000)] {
      let policy = RetryPolicy(
        attemptsMax: .max, initialBackoff: initial, maxBackoff: .seconds(1_000_000_000), multiplier: multiplier, jitter: 1)
      for attempt in [0, 1, 2, 1000, Int.max - 1] {
        let backoff = try #require(policy.backoff(afterAttempt: attempt, random: 0))
        #expect((initial...max(initial, .seconds(1_000_000_000))).contains(backoff))
      }
    }
  }
}
