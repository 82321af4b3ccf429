import OnexCore
import OnexTestSupport
import Testing

@testable import OnexKernel

/// What all lanes hold together, whatever happens to them.
@Suite struct LaneTableTests {
  private func record(_ partition: TopicPartition, _ offset: Int64, bytes: Int = 10) -> ConsumedRecord {
    ConsumedRecord(
      source: partition, offset: offset, key: nil, value: Bytes(String(repeating: "x", count: bytes)), timestamp: nil)
  }

  private func settlement(_ lane: LaneReference, _ records: [ConsumedRecord]) -> Settlement {
    Settlement(lane: lane, records: records, outputs: [], owners: [], identities: [], finishedKey: nil)
  }

  private let first = TopicPartition("in", 0)
  private let second = TopicPartition("in", 1)

  @Test func aLaneThatIsLostAfterItsRecordsFinishedOutOfOrderIsSubtractedOnce() throws {
    let table = LaneTable(LaneLimits())
    _ = table.assign([first, second])
    let records = (0..<5).map { record(first, $0) }
    let lane = try #require(table.deliver(records[...], of: first))
    _ = try #require(table.deliver([record(second, 0)], of: second))
    _ = table.settle([settlement(lane, [records[2], records[4]])])
    #expect(table.unsettled == 4)
    #expect(table.remove([first]) == [first: 0])
    #expect(table.unsettled == 1 && table.unsettledBytes == 10)
    _ = table.settle([settlement(lane, [records[0]])])
    #expect(table.unsettled == 1, "results of a lane that is gone do not count")
  }

  @Test func anAssignmentOverAnOlderOneForgetsWhatThatHeld() throws {
    let table = LaneTable(LaneLimits())
    _ = table.assign([first])
    _ = try #require(table.deliver([record(first, 0)], of: first))
    _ = table.assign([first])
    #expect(table.unsettled == 0 && table.unsettledBytes == 0)
  }

  /// Random orders of taking, finishing, losing, giving up and assigning: the sum is that of the lanes, and never negative.
  @Test(arguments: 0..<100 as Range<UInt64>)
  func theSumIsAlwaysThatOfTheLanes(_ seed: UInt64) {
    var random = SplitMix(seed: seed)
    let table = LaneTable(LaneLimits(recordsMax: 50, bytesMax: 2000), recordsMax: 120, bytesMax: 3000)
    let partitions = (0..<4).map { TopicPartition("in", Int32($0)) }
    var next: [TopicPartition: Int64] = [:]
    var open: [(lane: LaneReference, record: ConsumedRecord)] = []
    for _ in 0..<2000 {
      let partition = partitions[Int(random.next() % 4)]
      switch random.next() % 12 {
      case 0: _ = table.assign([partition])
      case 1: _ = table.remove([partition])
      case 2: table.revoke([partition])
      case 3: _ = table.fence(open.prefix(3).map(\.lane))
      case 4: _ = table.fill()
      case 5: _ = table.drainIfPossible(beside: 0)
      case 6, 7, 8:
        let start = next[partition] ?? 0
        let records = (0..<Int64(1 + random.next() % 6)).map { record(partition, start + $0 * 2, bytes: Int(random.next() % 90)) }
        next[partition] = start + 12
        if let lane = table.deliver(records[...], of: partition) { open += records.map { (lane, $0) } }
      default:
        guard !open.isEmpty else { continue }
        let (lane, record) = open.remove(at: Int(random.next() % UInt64(open.count)))
        _ = table.settle([settlement(lane, [record])])
      }
      #expect(table.isConsistent)
      #expect(table.unsettled >= 0 && table.unsettledBytes >= 0)
    }
    for (lane, record) in open { _ = table.settle([settlement(lane, [record])]) }
    #expect(table.unsettled == 0 && table.unsettledBytes == 0)
  }

  @Test func whenTheProcessIsFullEveryLanePausesUntilHalfIsFree() throws {
    let table = LaneTable(LaneLimits(), recordsMax: .max, bytesMax: 100)
    _ = table.assign([first, second])
    let lane = try #require(table.deliver((0..<10).map { record(first, $0) }[...], of: first))
    #expect(!table.hasRoom(beside: 0))
    #expect(Set(table.fill().pause) == [first, second])
    #expect(table.fill().pause.isEmpty)
    _ = table.settle([settlement(lane, (0..<4).map { record(first, $0) })])
    #expect(table.drainIfPossible(beside: 0).resume.isEmpty)
    #expect(table.settle([settlement(lane, [record(first, 4)])]).resume.isEmpty)
    #expect(table.drainIfPossible(beside: 1).resume.isEmpty, "outputs count as well")
    #expect(Set(table.drainIfPossible(beside: 0).resume) == [first, second])
  }
}
