import OnexCore
import Testing

@testable import OnexObservability

@Suite struct RecordBufferTests {
  private let first = TopicPartition(Topics.agentActions, 0)
  private let second = TopicPartition(Topics.agentActions, 1)

  private func buffer(rows: Int = 10, bytes: Int = 4 << 20, pendingBytes: Int = 16 << 20) -> RecordBuffer {
    var buffer = RecordBuffer(
      BatchLimits(rowsMax: rows, waitMax: .seconds(1), bytesMax: bytes, pendingBytesMax: pendingBytes))
    buffer.assign([first, second])
    return buffer
  }

  private func records(_ offsets: Range<Int64>, partition: Int32 = 0) -> [ConsumedRecord] {
    offsets.map { Events.record($0, partition: partition) }
  }

  @Test func anIdleWriterTakesWhatThereIs() {
    var buffer = buffer()
    let nothing = buffer.nextBatch(at: .zero, isWriterIdle: true)
    #expect(nothing == nil)
    buffer.take(records(0..<1), at: .zero)
    let batch = buffer.nextBatch(at: .zero, isWriterIdle: true)
    #expect(batch?.trigger == .idle && batch?.records.count == 1)
  }

  @Test func aBusyWriterWaitsForCountBytesOrTime() {
    var buffer = buffer(rows: 3, bytes: 100_000)
    buffer.take(records(0..<2), at: .zero)
    let early = buffer.nextBatch(at: .milliseconds(999), isWriterIdle: false)
    #expect(early == nil)
    let late = buffer.nextBatch(at: .seconds(1), isWriterIdle: false)
    #expect(late?.trigger == .wait && late?.records.count == 2)
    buffer.take(records(2..<6), at: .seconds(1))
    let full = buffer.nextBatch(at: .seconds(1), isWriterIdle: false)
    #expect(full?.trigger == .rows && full?.records.map(\.offset) == [2, 3, 4])
    buffer.take([Events.record(6, value: Bytes([UInt8](repeating: 32, count: 100_000)))], at: .seconds(1))
    let heavy = buffer.nextBatch(at: .seconds(1), isWriterIdle: false)
    #expect(heavy?.trigger == .bytes)
    #expect(heavy?.records.map(\.offset) == [5], "a batch stays within its bytes")
    let alone = buffer.nextBatch(at: .seconds(1), isWriterIdle: false)
    #expect(alone?.records.map(\.offset) == [6], "a record larger than the bound goes alone")
  }

  @Test func offsetsMoveOnlyOverWhatIsSettled() {
    var buffer = buffer(rows: 2)
    buffer.take(records(5..<9) + records(0..<1, partition: 1), at: .zero)
    let batches = (0..<3).compactMap { _ in buffer.nextBatch(at: .zero, isWriterIdle: true) }
    #expect(batches.count == 3)
    let outOfOrder = buffer.settle(batches[1])
    #expect(outOfOrder.isEmpty, "the batch before it is not settled")
    let caughtUp = buffer.settle(batches[0])
    #expect(caughtUp == [first: 9])
    let other = buffer.settle(batches[2])
    #expect(other == [second: 1])
    #expect(buffer.pending == 0)
  }

  @Test func anAbandonedBatchStoresNothing() {
    var buffer = buffer()
    buffer.take(records(0..<2), at: .zero)
    if let batch = buffer.nextBatch(at: .zero, isWriterIdle: true) { buffer.abandon(batch) }
    #expect(buffer.pending == 0)
    #expect(!buffer.isDrained([first]))
  }

  @Test func aRevokedPartitionTakesNothingMoreAndDrains() {
    var buffer = buffer()
    buffer.take(records(0..<1), at: .zero)
    buffer.revoke([first])
    buffer.take(records(1..<2) + records(0..<1, partition: 1), at: .zero)
    #expect(buffer.pending == 2)
    #expect(!buffer.isDrained([first]))
    let batch = buffer.nextBatch(at: .zero, isWriterIdle: true)
    let offsets = batch.map { buffer.settle($0) }
    #expect(offsets == [first: 1, second: 1])
    #expect(buffer.isDrained([first]))
  }

  @Test func whatBelongsToALostPartitionIsDropped() {
    var buffer = buffer(rows: 2)
    buffer.take(records(0..<3) + records(0..<1, partition: 1), at: .zero)
    let writing = buffer.nextBatch(at: .zero, isWriterIdle: true)
    buffer.remove([first])
    let rest = buffer.nextBatch(at: .zero, isWriterIdle: true)
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
    let batch = buffer.nextBatch(at: .zero, isWriterIdle: true)
    let offsets = batch.map { buffer.settle($0) }
    #expect(offsets == [first: 2])
  }

  @Test func recordsThatAreDeliveredTwiceOrNotOursAreIgnored() {
    var buffer = buffer()
    buffer.take(records(0..<2) + records(1..<3) + records(0..<1, partition: 9), at: .zero)
    #expect(buffer.pending == 3)
  }

  @Test func flowStopsAtTheBoundAndGoesOnAtHalf() {
    var buffer = buffer(rows: 2)
    let nothing = buffer.adjustFlow(isStopped: false)
    #expect(nothing == RecordBuffer.FlowChange())
    buffer.take(records(0..<8), at: .zero)
    let full = buffer.adjustFlow(isStopped: false)
    #expect(Set(full.pause) == [first, second] && full.resume.isEmpty)
    let again = buffer.adjustFlow(isStopped: false)
    #expect(again == RecordBuffer.FlowChange(), "said once")
    for expected in [[], [first, second]] {
      _ = buffer.nextBatch(at: .zero, isWriterIdle: true).map { buffer.settle($0) }
      let change = buffer.adjustFlow(isStopped: false)
      #expect(Set(change.resume) == Set(expected))
    }
  }

  @Test func flowStopsWhenTheRecordsAreLarge() {
    var buffer = buffer(rows: 100, pendingBytes: 1000)
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
