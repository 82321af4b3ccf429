import CRdKafka
import OnexCore
import OnexTestSupport
import Testing

@testable import OnexKafka

/// The times of records: a producer may write any 64-bit number of milliseconds.
@Suite struct RecordTimestampTests {
  @Test func everyNumberOfMillisecondsIsATime() {
    var random = SplitMix(seed: 4)
    let numbers = [Int64.min, .min + 1, -9_223_372_036_854_775, -1, 0, 1_800_000_000_000_000_000, 9_223_372_036_854_776, .max]
    for number in numbers + (0..<10_000).map({ Int64(bitPattern: random.next()) >> (Int64($0) % 64) }) {
      for kind in [RD_KAFKA_TIMESTAMP_CREATE_TIME, RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME] {
        let time = MessageBatch.timestamp(number, kind)
        #expect(time?.microseconds == Int64(clamping: Int128(number) * 1000), "\(number)")
      }
      #expect(MessageBatch.timestamp(number, RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) == nil)
    }
  }

  /// As records of the wire, with a null value and odd headers beside.
  @Test func recordsOfAnyTimeAreRead() async throws {
    let cluster = try MockCluster()
    let topic = cluster.makeTopic(1)
    // librdkafka takes 0 for "now".
    let times: [Int64] = [.max, .min, 1_800_000_000_000_000_000, -9_223_372_036_854_775, 1]
    for time in times { try cluster.produce(topic, milliseconds: time) }
    let consumer = try cluster.bus().consumer(OnexCore.Subscription(topics: [topic], group: "\(topic)-group"))
    let clock = SystemClock()
    let deadline = clock.uptime() + .seconds(60)
    var records: [ConsumedRecord] = []
    while records.count < times.count, clock.uptime() < deadline {
      for case .records(let read) in await consumer.poll(PollLimit(wait: .milliseconds(50))) { records += read }
    }
    #expect(records.map { $0.timestamp?.microseconds } == times.map { Int64(clamping: Int128($0) * 1000) })
    let now = clock.now()
    for record in records {
      #expect(record.value == nil && record.headers.map(\.name) == ["", "h"] && record.headers.map(\.value) == [nil, "\u{0}"])
      let age: Duration = now - (record.timestamp ?? now)
      #expect(age >= .microseconds(Int64.min) && record.timestamp?.rfc3339.utf8.count == 27)
    }
    await consumer.close()
  }
}
