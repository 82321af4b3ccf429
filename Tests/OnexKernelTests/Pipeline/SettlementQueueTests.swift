import OnexCore
import Testing

@testable import OnexKernel

/// Who gets which settlements when several commit at once.
@Suite(.timeLimit(.minutes(1))) struct SettlementQueueTests {
  /// - Parameter stream: what the record concerns.
  private func settlement(_ partition: Int32, _ offset: Int64, bytes: Int = 0, stream: String? = nil) -> Settlement {
    let source = TopicPartition("in", partition)
    let value = Bytes(String(repeating: "x", count: bytes))
    let record = ConsumedRecord(source: source, offset: offset, key: nil, value: value, timestamp: nil)
    var settlement = Settlement(
      lane: LaneReference(partition: source, epoch: 1), records: [record], outputs: [], owners: [], identities: [],
      finishedKey: nil)
    guard let stream else { return settlement }
    let id = RawUUID(random: 1, 2)
    let work = StreamWork(
      stream: StreamName(handler: "counter", key: stream),
      reducer: LoadedReducer(handler: "counter", kind: .reducer, reducer: NoReducer()), input: .timer(name: "t"),
      identity: RequestIdentity(MessageIdentity(id)), envelope: nil, correlationID: CorrelationID(id), causationID: nil)
    settlement.special[0] = Settlement.Special(work: work)
    return settlement
  }

  private struct NoReducer: Reducer {
    init() {}
    init(_ setup: ReducerSetup) {}
    func decide(_ state: JSONValue?, _ input: StreamInput, now: Timestamp) -> Reaction { Reaction() }
    func evolve(_ state: JSONValue?, _ event: StreamEvent) -> JSONValue { .null }
  }

  private func places(_ settlements: [Settlement]?) -> [String] {
    (settlements ?? []).flatMap(\.records).map { "\($0.source.partition)@\($0.offset)" }
  }

  @Test func aLaneThatIsUnderWayIsTakenByNobodyElseAndStaysInOrder() async {
    let queue = SettlementQueue()
    queue.add(settlement(0, 1))
    let first = await queue.take()
    queue.add(settlement(0, 2))
    queue.add(settlement(1, 1))
    queue.add(settlement(0, 3))
    let second = await queue.take()
    #expect(places(first) == ["0@1"] && places(second) == ["1@1"])
    #expect(queue.count == 2)
    queue.finish(first ?? [])
    #expect(places(await queue.take()) == ["0@2", "0@3"])
    #expect(queue.count == 0)
  }

  @Test func whoWaitsIsWokenByWhatIsAddedAndByWhatBecomesFree() async {
    let queue = SettlementQueue()
    async let first = queue.take()
    queue.add(settlement(0, 1))
    let taken = await first
    async let second = queue.take()
    queue.add(settlement(0, 2))
    queue.finish(taken ?? [])
    #expect(places(taken) == ["0@1"])
    #expect(places(await second) == ["0@2"])
  }

  /// Of two commits that change one stream the store takes one: the other would be decided for nothing.
  @Test(arguments: [Int.max, 8]) func aStreamIsUnderWayOnce(_ recordsMax: Int) async {
    let queue = SettlementQueue(recordsMax: recordsMax)
    queue.add(settlement(0, 1, stream: "a"))
    let first = await queue.take()
    for offset: Int64 in 1..<10 { queue.add(settlement(1, offset, stream: offset == 3 ? "a" : "b\(offset)")) }
    queue.add(settlement(2, 1))
    let second = await queue.take()
    #expect(Set(places(second)) == ["1@1", "1@2", "2@1"], "a lane goes on up to what must wait")
    queue.finish(second ?? [])
    queue.add(settlement(3, 1))
    #expect(places(await queue.take()) == ["3@1"], "others go on meanwhile")
    queue.finish(first ?? [])
    #expect(places(await queue.take()).first == "1@3")
  }

  /// A lane that clashes waits for what is under way only, however much comes for the same streams.
  @Test func whoWaitsForAStreamIsNotOvertaken() async {
    let queue = SettlementQueue()
    queue.add(settlement(0, 1, stream: "a"))
    let first = await queue.take()
    queue.add(settlement(1, 1, stream: "b"))
    let second = await queue.take()
    var both = settlement(2, 1, stream: "a")
    both.special[1] = settlement(2, 1, stream: "b").special[0]
    queue.add(both)
    queue.add(settlement(3, 1, stream: "c"))
    let third = await queue.take()
    #expect(places(third) == ["3@1"])
    queue.finish(first ?? [])
    // It still waits for "b"; a newcomer for "a" stands behind it.
    queue.add(settlement(4, 1, stream: "a"))
    queue.add(settlement(5, 1, stream: "d"))
    let fourth = await queue.take()
    #expect(places(fourth) == ["5@1"])
    for taken in [second, third, fourth] { queue.finish(taken ?? []) }
    #expect(places(await queue.take()) == ["2@1", "4@1"])
  }

  /// Three committers and sixty thousand settlements of eight lanes: none is lost, none is overtaken, and all of them end.
  @Test func nothingIsLostOrOvertakenAmongSeveral() async {
    let queue = SettlementQueue()
    let lanes = 8
    let each: Int64 = 7_500
    let seen = await withTaskGroup(of: [(Int32, Int64)].self) { group in
      for _ in 0..<3 {
        group.addTask {
          var done: [(Int32, Int64)] = []
          while let taken = await queue.take() {
            for record in taken.flatMap(\.records) { done.append((record.source.partition, record.offset)) }
            await Task.yield()
            queue.finish(taken)
          }
          return done
        }
      }
      for offset in 0..<each {
        for lane in 0..<lanes { queue.add(settlement(Int32(lane), offset)) }
        if offset % 16 == 0 { await Task.yield() }
      }
      queue.close()
      return await group.reduce(into: []) { $0.append($1) }
    }
    for lane in 0..<Int32(lanes) {
      let all = seen.flatMap { $0.filter { $0.0 == lane }.map(\.1) }
      #expect(all.sorted() == Array(0..<each))
      for committer in seen {
        let own = committer.filter { $0.0 == lane }.map(\.1)
        #expect(own == own.sorted())
      }
    }
  }

  @Test func aCommitIsBoundedAndTakesFromEachLaneInTurn() async {
    let queue = SettlementQueue(recordsMax: 4)
    for offset: Int64 in 0..<6 { queue.add(settlement(0, offset)) }
    for offset: Int64 in 0..<3 { queue.add(settlement(1, offset)) }
    let first = await queue.take()
    #expect(places(first) == ["0@0", "0@1", "1@0", "1@1"])
    queue.finish(first ?? [])
    let second = await queue.take()
    #expect(places(second) == ["0@2", "0@3", "0@4", "1@2"])
    queue.add(settlement(1, 3))
    queue.finish(second ?? [])
    #expect(places(await queue.take()) == ["0@5", "1@3"])
    #expect(queue.count == 0)
  }

  @Test func aSettlementLargerThanTheBoundIsTakenAlone() async {
    let queue = SettlementQueue(bytesMax: 100)
    queue.add(settlement(0, 0, bytes: 1000))
    queue.add(settlement(1, 0, bytes: 60))
    queue.add(settlement(2, 0, bytes: 60))
    for expected in ["0@0", "1@0", "2@0"] {
      let taken = await queue.take()
      #expect(places(taken) == [expected])
      queue.finish(taken ?? [])
    }
  }

  /// One lane that always has more than a commit takes does not keep the others waiting.
  @Test func aBusyLaneDoesNotStarveTheOthers() async {
    let queue = SettlementQueue(recordsMax: 10)
    for offset: Int64 in 0..<1000 { queue.add(settlement(0, offset)) }
    for lane: Int32 in 1..<5 { queue.add(settlement(lane, 0)) }
    let taken = await queue.take()
    #expect(Set((taken ?? []).map(\.lane.partition.partition)) == [0, 1, 2, 3, 4])
  }

  /// What a process that ends was interrupted at has no outcome.
  @Test func nothingComesOutOfAnAbandonedQueue() async {
    let queue = SettlementQueue()
    queue.add(settlement(0, 1))
    queue.abandon()
    queue.add(settlement(0, 2))
    #expect(await queue.take()?.count == nil)
    #expect(queue.count == 0)
  }

  @Test func whatACancelledTaskGivesIsDropped() async {
    let queue = SettlementQueue()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      queue.add(settlement(0, 1))
    }
    await task.value
    queue.close()
    #expect(await queue.take()?.count == nil)
  }

  @Test func outputsAreHeldUntilTheirSettlementIsGone() async {
    let queue = SettlementQueue()
    let output = OutboundRecord(topic: "out", key: nil, value: "12345")
    let lane = LaneReference(partition: TopicPartition("in", 0), epoch: 1)
    let record = ConsumedRecord(source: lane.partition, offset: 0, key: nil, value: nil, timestamp: nil)
    queue.add(
      Settlement(lane: lane, records: [record], outputs: [output], owners: [0], identities: [], finishedKey: nil))
    #expect(queue.heldBytes == 5)
    do {
      let taken = await queue.take()
      #expect(queue.heldBytes == 5 && taken?.count == 1)
      queue.finish(taken ?? [])
    }
    #expect(queue.heldBytes == 0)
  }
}
