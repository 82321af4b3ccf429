import OnexCore
import Testing

@testable import OnexObservability

@Suite struct RecordBufferTests {
  private let first = TopicPartition(Topics.agentActions, 0)
  private let second = TopicPartition(Topics.agentActions, 1)

  private func buffer(
    due: Int = 10, max: Int = 10, bytes: Int = 4 << 20, topics: [String: Int] = [Topics.agentActions: 2]
  ) -> RecordBuffer {
    var buffer = RecordBuffer(BatchLimits(rowsDue: due, waitMax: .seconds(1), rowsMax: max, bytesMax: bytes), topics: topics)
    buffer.assign([first, second])
    return buffer
  }

  private func records(_ offsets: Range<Int64>, partition: Int32 = 0) -> [ConsumedRecord] {
    offsets.map { Events.record($0, partition: partition) }
  }

  @Test func aTopicOfWhichNothingIsUnderWayIsWrittenAtOnce() {
    var buffer = buffer()
    let nothing = buffer.nextBatch(at: .zero)
    #expect(nothing == nil)
    buffer.take(records(0..<1), at: .zero)
    let batch = buffer.nextBatch(at: .zero)
    #expect(batch?.trigger == .idle && batch?.records.count == 1)
  }

  @Test func asLongAsABatchIsUnderWayTheNextWaitsForCountBytesOrTime() {
    var buffer = buffer(due: 3, max: 3, bytes: 100_000, topics: [Topics.agentActions: 9])
    buffer.take(records(0..<1), at: .zero)
    _ = buffer.nextBatch(at: .zero)
    buffer.take(records(1..<3), at: .zero)
    let early = buffer.nextBatch(at: .milliseconds(999))
    #expect(early == nil)
    let late = buffer.nextBatch(at: .seconds(1))
    #expect(late?.trigger == .wait && late?.records.count == 2)
    buffer.take(records(3..<7), at: .seconds(1))
    let full = buffer.nextBatch(at: .seconds(1))
    #expect(full?.trigger == .rows && full?.records.map(\.offset) == [3, 4, 5])
    buffer.take([Events.record(7, value: Bytes([UInt8](repeating: 32, count: 100_000)))], at: .seconds(1))
    let heavy = buffer.nextBatch(at: .seconds(1))
    #expect(heavy?.trigger == .bytes)
    #expect(heavy?.records.map(\.offset) == [6], "a batch stays within its bytes")
    let alone = buffer.nextBatch(at: .seconds(1))
    #expect(alone?.records.map(\.offset) == [7], "a record larger than the bound goes alone")
  }

  @Test func aBatchTakesEverythingThatHasGatheredMeanwhile() {
    var buffer = buffer(due: 3, max: 1000)
    buffer.take(records(0..<500), at: .zero)
    #expect(buffer.nextBatch(at: .zero)?.records.count == 500)
  }

  @Test func noMoreBatchesOfATopicAreUnderWayThanItMayHave() {
    var buffer = buffer(due: 1, max: 1, topics: [Topics.agentActions: 2])
    buffer.take(records(0..<3), at: .zero)
    let batches = (0..<3).compactMap { _ in buffer.nextBatch(at: .zero) }
    #expect(batches.count == 2)
    _ = buffer.settle(batches[0])
    #expect(buffer.nextBatch(at: .zero)?.records.map(\.offset) == [2])
  }

  @Test func theTopicThatHasWaitedLongestGoesFirstAndAFailingOneHoldsUpNoOther() {
    let other = TopicPartition(Topics.agentStatus, 0)
    var buffer = buffer(topics: [Topics.agentActions: 1, Topics.agentStatus: 1])
    buffer.assign([other])
    buffer.take(records(0..<2), at: .zero)
    buffer.take([Events.record(0, topic: Topics.agentStatus)], at: .seconds(1))
    guard let batch = buffer.nextBatch(at: .seconds(1)) else { return #expect(Bool(false), "something waits") }
    #expect(batch.topic == Topics.agentActions)
    buffer.putBack(batch, until: .seconds(9))
    #expect(buffer.pending == 3 && !buffer.isStuck)
    buffer.take(records(2..<3), at: .seconds(2))
    #expect(buffer.nextBatch(at: .seconds(2))?.topic == Topics.agentStatus)
    #expect(buffer.nextBatch(at: .seconds(8)) == nil)
    let again = buffer.nextBatch(at: .seconds(9))
    #expect(again?.trigger == .retry && again?.records.map(\.offset) == [0, 1, 2], "what failed is first")
  }

  @Test func whatWasPutBackAndIsNotOursAnyMoreIsDropped() {
    var buffer = buffer()
    buffer.take(records(0..<1) + records(0..<1, partition: 1), at: .zero)
    let batch = buffer.nextBatch(at: .zero)
    buffer.remove([first])
    if let batch { buffer.putBack(batch, until: .zero) }
    #expect(buffer.nextBatch(at: .zero)?.records.map(\.source) == [second])
  }

  @Test func offsetsMoveOnlyOverWhatIsSettled() {
    var buffer = buffer(due: 2, max: 2, topics: [Topics.agentActions: 9])
    buffer.take(records(5..<9) + records(0..<2, partition: 1), at: .zero)
    let batches = (0..<3).compactMap { _ in buffer.nextBatch(at: .zero) }
    #expect(batches.count == 3)
    let outOfOrder = buffer.settle(batches[1])
    #expect(outOfOrder.isEmpty, "the batch before it is not settled")
    let caughtUp = buffer.settle(batches[0])
    #expect(caughtUp == [first: 9])
    let other = buffer.settle(batches[2])
    #expect(other == [second: 2])
    #expect(buffer.pending == 0)
  }

  @Test func theAgeOfTheOldestRecordIsKnownByPartition() {
    var buffer = buffer(due: 1, max: 1)
    buffer.take(records(0..<2), at: .zero)
    #expect(Array(buffer.oldestPending.keys) == [first])
    for _ in 0..<2 { _ = buffer.nextBatch(at: .zero).map { buffer.settle($0) } }
    #expect(buffer.oldestPending.isEmpty)
  }

  @Test func aRevokedPartitionTakesNothingMoreAndDrains() {
    var buffer = buffer()
    buffer.take(records(0..<1), at: .zero)
    buffer.revoke([first])
    buffer.take(records(1..<2) + records(0..<1, partition: 1), at: .zero)
    #expect(buffer.pending == 2)
    #expect(!buffer.isDrained([first]))
    let batch = buffer.nextBatch(at: .zero)
    let offsets = batch.map { buffer.settle($0) }
    #expect(offsets == [first: 1, second: 1])
    #expect(buffer.isDrained([first]))
  }

  @Test func whatBelongsToALostPartitionIsDropped() {
    var buffer = buffer(due: 2, max: 2)
    buffer.take(records(0..<3) + records(0..<1, partition: 1), at: .zero)
    let writing = buffer.nextBatch(at: .zero)
    buffer.remove([first])
    let rest = buffer.nextBatch(at: .seconds(1))
    #expect(rest?.records.map(\.source) == [second])
    let offsets = writing.map { buffer.settle($0) }
    #expect(offsets == [:], "its rows are written, its offsets are somebody else's")
  }

  @Test func aPartitionThatComesBackStartsAnew() {
    var buffer = buffer()
    buffer.take(records(0..<3), at: .zero)
    buffer.remove([first])
    buffer.assign([first])
    buffer.take(records(0..<2), at: .zero)
    let batch = buffer.nextBatch(at: .zero)
    let offsets = batch.map { buffer.settle($0) }
    #expect(offsets == [first: 2])
  }

  @Test func recordsThatAreDeliveredTwiceOrNotOursAreIgnored() {
    var buffer = buffer()
    buffer.take(records(0..<2) + records(1..<3) + records(0..<1, partition: 9), at: .zero)
    #expect(buffer.pending == 3)
  }

  @Test func flowStopsAtTheBoundAndGoesOnAtHalf() {
    var buffer = buffer(due: 2, max: 2)
    let nothing = buffer.adjustFlow(isStopped: false)
    #expect(nothing == RecordBuffer.FlowChange())
    buffer.take(records(0..<8), at: .zero)
    let full = buffer.adjustFlow(isStopped: false)
    #expect(Set(full.pause) == [first, second] && full.resume.isEmpty)
    let again = buffer.adjustFlow(isStopped: false)
    #expect(again == RecordBuffer.FlowChange(), "said once")
    for expected in [[], [], [first, second]] {
      _ = buffer.nextBatch(at: .zero).map { buffer.settle($0) }
      let change = buffer.adjustFlow(isStopped: false)
      #expect(Set(change.resume) == Set(expected))
    }
  }

  @Test func flowStopsWhenTheRecordsAreLarge() {
    var buffer = buffer(bytes: 1000 / BatchLimits.pendingBatches)
    buffer.take([Events.record(0, value: Bytes([UInt8](repeating: 32, count: 1000)))], at: .zero)
    let change = buffer.adjustFlow(isStopped: false)
    #expect(Set(change.pause) == [first, second])
  }

  @Test func anOutageStopsTheFlowAlsoOfPartitionsThatArriveMeanwhile() {
    var buffer = buffer()
    let stopped = buffer.adjustFlow(isStopped: true)
    #expect(Set(stopped.pause) == [first, second])
    let third = TopicPartition(Topics.agentActions, 2)
    buffer.assign([third])
    let late = buffer.adjustFlow(isStopped: true)
    #expect(late.pause == [third])
    let over = buffer.adjustFlow(isStopped: false)
    #expect(Set(over.resume) == [first, second, third])
  }
}
