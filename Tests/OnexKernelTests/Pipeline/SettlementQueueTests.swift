import OnexCore
import Testing

@testable import OnexKernel

/// Who gets which settlements when several commit at once.
@Suite(.timeLimit(.minutes(1))) struct SettlementQueueTests {
  private func settlement(_ partition: Int32, _ offset: Int64) -> Settlement {
    let source = TopicPartition("in", partition)
    let record = ConsumedRecord(source: source, offset: offset, key: nil, value: nil, timestamp: nil)
    return Settlement(
      lane: LaneReference(partition: source, epoch: 1), records: [record], outputs: [], owners: [], identities: [],
      finishedKey: nil)
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
}
