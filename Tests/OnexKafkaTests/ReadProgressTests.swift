import OnexCore
import Testing

@testable import OnexKafka

@Suite struct ReadProgressTests {
  private let first = TopicPartition("t", 0)
  private let second = TopicPartition("t", 1)

  private func record(_ partition: TopicPartition, _ offset: Int64) -> ConsumedRecord {
    ConsumedRecord(source: partition, offset: offset, key: nil, value: nil, timestamp: nil)
  }

  @Test func recordsBringTheEndCloser() {
    var progress = ReadProgress([first: 2..<5, second: 0..<0])
    #expect(progress.remaining == 3)
    progress.handedOut([record(first, 2), record(second, 9), record(TopicPartition("other", 0), 1)])
    #expect(progress.remaining == 2)
    progress.handedOut([record(first, 3), record(first, 4)])
    #expect(progress.remaining == 0)
    progress.handedOut([record(first, 5)])
    #expect(progress.remaining == 0)
  }

  @Test func theEndOfAPartitionCountsWhereItsLastOffsetsHoldNoRecord() {
    var progress = ReadProgress([first: 0..<10, second: 0..<4])
    progress.handedOut([record(first, 0)])
    progress.advance(first, to: 10)
    #expect(progress.remaining == 4)
  }

  @Test func nothingGoesBack() {
    var progress = ReadProgress([first: 0..<10])
    progress.advance(first, to: 6)
    progress.advance(first, to: 3)
    #expect(progress.remaining == 4)
  }

  @Test func offsetsAtTheEndsOfTheirRangeSaturate() {
    let places = (0..<3).map { TopicPartition("t", Int32($0)) }
    var progress = ReadProgress([places[0]: 0..<(.max), places[1]: (.min)..<(.max), places[2]: 5..<9])
    #expect(progress.remaining == .max)
    progress.handedOut([
      ConsumedRecord(source: places[0], offset: .max, key: nil, value: nil, timestamp: nil),
      ConsumedRecord(source: places[1], offset: .max - 1, key: nil, value: nil, timestamp: nil),
    ])
    progress.advance(places[0], to: .max)
    #expect(progress.remaining == 4)
  }
}
