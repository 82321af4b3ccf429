import OnexCore
import OnexTestSupport
import Testing

@Suite struct OffsetTrackerTests {
  @Test func watermarkAdvancesOverTheContiguousPrefixOnly() {
    var tracker = OffsetTracker()
    for offset: Int64 in [10, 11, 15, 16] { tracker.deliver(offset) }
    check(tracker.complete(11) == nil)
    check(tracker.complete(15) == nil)
    check(tracker.complete(10) == 16)
    #expect(tracker.pending == 1)
    check(tracker.complete(16) == 17)
    #expect(tracker.pending == 0)
  }

  @Test func anUnknownOrRepeatedOffsetChangesNothing() {
    var tracker = OffsetTracker()
    tracker.deliver(5)
    check(tracker.complete(4) == nil)
    check(tracker.complete(5) == 6)
    check(tracker.complete(5) == nil)
    #expect(tracker.watermark == 6)
  }

  /// Whatever the order of completion, no offset is passed before everything below it is done.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func neverPassesAnUnfinishedRecord(_ seed: UInt64) {
    var random = SplitMix(seed: seed)
    var tracker = OffsetTracker()
    var next: Int64 = 0
    var open: [Int64] = []
    for _ in 0..<3000 {
      if open.isEmpty || random.next() % 2 == 0 {
        next += Int64(1 + random.next() % 3)
        tracker.deliver(next)
        open.append(next)
      } else {
        let offset = open.remove(at: Int(random.next() % UInt64(min(open.count, 8))))
        if let watermark = tracker.complete(offset) {
          #expect(open.allSatisfy { $0 >= watermark })
        }
      }
    }
    for offset in open { tracker.complete(offset) }
    #expect(tracker.pending == 0)
    #expect(tracker.watermark == next + 1)
  }
}

@Suite struct KeyOrderedSchedulerTests {
  @Test func differentKeysRunAtOnceAndOneKeyInOrder() {
    var scheduler = KeyOrderedScheduler<String, Int>(concurrencyMax: 4)
    for (key, work) in [("a", 1), ("a", 2), ("b", 3), ("a", 4)] { scheduler.add(work, key: key) }
    check(scheduler.next()?.work == 1)
    check(scheduler.next()?.work == 3)
    check(scheduler.next() == nil)
    scheduler.finished("a")
    check(scheduler.next()?.work == 2)
    scheduler.finished("b")
    check(scheduler.next() == nil)
    #expect(!scheduler.isBusy("b"))
    scheduler.finished("a")
    check(scheduler.next()?.work == 4)
    scheduler.finished("a")
    #expect(scheduler.count == 0)
  }

  @Test func neverRunsMoreThanItsBound() {
    var scheduler = KeyOrderedScheduler<Int, Int>(concurrencyMax: 3)
    for key in 0..<10 { scheduler.add(key, key: key) }
    check((0..<10).compactMap { _ in scheduler.next() }.count == 3)
    scheduler.finished(0)
    check(scheduler.next()?.key == 3)
    check(scheduler.next() == nil)
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func keepsTheOrderOfEveryKeyAndLosesNothing(_ seed: UInt64) {
    var random = SplitMix(seed: seed)
    var scheduler = KeyOrderedScheduler<UInt64, Int>(concurrencyMax: 1 + Int(random.next() % 5))
    var running: [UInt64] = []
    var done: [UInt64: [Int]] = [:]
    var added: [UInt64: [Int]] = [:]
    for step in 0..<2000 {
      if random.next() % 2 == 0 {
        let key = random.next() % 7
        scheduler.add(step, key: key)
        added[key, default: []].append(step)
      } else if !running.isEmpty {
        scheduler.finished(running.remove(at: Int(random.next() % UInt64(running.count))))
      }
      while let (key, work) = scheduler.next() {
        #expect(!running.contains(key))
        running.append(key)
        done[key, default: []].append(work)
      }
    }
    while !running.isEmpty {
      scheduler.finished(running.removeFirst())
      while let (key, work) = scheduler.next() {
        running.append(key)
        done[key, default: []].append(work)
      }
    }
    #expect(done == added)
    #expect(scheduler.count == 0)
  }
}

@Suite struct LaneTests {
  private func lane(records: Int = 4, bytes: Int = 1000) -> Lane<Int> {
    Lane(LaneLimits(recordsMax: records, bytesMax: bytes, concurrencyMax: 2))
  }

  @Test func pausesWhenFullAndResumesAtHalf() {
    var lane = lane()
    for offset: Int64 in 0..<4 { check(lane.deliver(offset, bytes: 1)) }
    check(lane.adjustFlow() == .pause)
    check(lane.adjustFlow() == nil)
    check(lane.settle(0, bytes: 1) == 1)
    check(lane.adjustFlow() == nil)
    check(lane.settle(1, bytes: 1) == 2)
    check(lane.adjustFlow() == .resume)
  }

  @Test func pausesForBytesToo() {
    var lane = lane()
    check(lane.deliver(0, bytes: 1000))
    check(lane.adjustFlow() == .pause)
  }

  @Test func aRevokingLaneTakesNothingNewAndFinishesTheRest() {
    var lane = lane()
    check(lane.deliver(0, bytes: 1))
    lane.revoke()
    check(!lane.deliver(1, bytes: 1))
    #expect(!lane.isIdle)
    check(lane.settle(0, bytes: 1) == 1)
    #expect(lane.isIdle)
  }

  @Test func aRecordThatFinishedOutOfOrderIsSettledOnce() {
    var lane = lane(records: 10)
    for offset: Int64 in 0..<3 { check(lane.deliver(offset, bytes: 10)) }
    check(lane.settle(2, bytes: 10) == nil)
    check(lane.settle(2, bytes: 10) == nil)
    check(lane.settle(7, bytes: 10) == nil)
    #expect(lane.unsettled == 2)
    #expect(lane.bytes == 20)
    check(lane.settle(0, bytes: 10) == 1)
    check(lane.settle(1, bytes: 10) == 3)
    #expect(lane.unsettled == 0 && lane.bytes == 0)
  }

  @Test func offsetsThatDoNotRiseAreRefused() {
    var lane = lane(records: 10)
    check(lane.deliver(.max, bytes: 1))
    check(!lane.deliver(.max, bytes: 1))
    check(!lane.deliver(3, bytes: 1))
    #expect(lane.unsettled == 1)
    _ = lane.settle(.max, bytes: 1)
    #expect(lane.isIdle)
    check(!lane.deliver(4, bytes: 1))
  }

  @Test func aRevokingLaneStartsNothingAndHandsOverWhatHasNotBegun() {
    var lane = lane(records: 10)
    for offset: Int64 in 0..<4 {
      check(lane.deliver(offset, bytes: 1))
      lane.add(Int(offset), key: Bytes("key-\(offset % 3)"))
    }
    check(lane.nextWork()?.work == 0)
    lane.revoke()
    check(lane.nextWork() == nil)
    #expect(!lane.hasHandedOver)
    check(lane.settle(0, bytes: 1) == 1)
    #expect(!lane.hasHandedOver, "the key's turn has not ended")
    lane.finished("key-0")
    check(lane.nextWork() == nil)
    #expect(lane.hasHandedOver && !lane.isIdle)
  }

  @Test func aLanePausesWhileTheProcessIsFull() {
    var lane = lane()
    check(lane.adjustFlow(isProcessFull: true) == .pause)
    check(lane.adjustFlow(isProcessFull: true) == nil)
    check(lane.adjustFlow() == .resume)
  }

  @Test func nothingOfALostLaneCounts() {
    var lane = lane()
    check(lane.deliver(0, bytes: 1))
    lane.add(7, key: "k")
    lane.lose()
    check(lane.settle(0, bytes: 1) == nil)
    check(lane.nextWork() == nil)
    lane.revoke()
    #expect(lane.phase == .lost)
  }
}
