import OnexCore
import OnexInMemory
import OnexJSON
import OnexKafka
import Testing

@testable import OnexTopics

@Suite struct TopicChangeEventsTests {
  private func record(_ change: TopicChange, hasCloudEvents: Bool = true) -> OutboundRecord {
    TopicChangeEvents(InMemoryEventBus(), clock: SystemClock()).record(
      change, CorrelationID(RawUUID(high: 1, low: 2)), Timestamp(milliseconds: 1_795_232_934_000), hasCloudEvents: hasCloudEvents)
  }

  @Test func anEventSaysWhatWasAndWhatIs() throws {
    let record = record(.configure(topic: "t", [.init("retention.ms", old: "9", new: "5")]))
    #expect(record.topic == "onex.evt.platform.topic-changed.v1" && record.key == "t")
    let value = try JSONValue.parse(try #require(record.value))
    #expect(
      value == [
        "change": "config_changed", "topic": "t", "before": ["config": ["retention.ms": "9"]],
        "after": ["config": ["retention.ms": "5"]], "correlation_id": "00000000-0000-0001-0000-000000000002",
        "timestamp": "2026-11-21T03:48:54.000000Z",
      ])
  }

  @Test func everyKindHasItsWords() throws {
    let created = try JSONValue.parse(
      try #require(
        record(.create(TopicSpecification(name: "t", partitions: 3, replicationFactor: 2, configuration: ["a": "1"]))).value))
    #expect(created["change"] == "created" && created["before"] == .null)
    #expect(created["after"] == ["partitions": 3, "replication_factor": 2, "config": ["a": "1"]])
    let grown = try JSONValue.parse(try #require(record(.grow(topic: "t", from: 3, to: 6)).value))
    #expect(grown["change"] == "partitions_grown" && grown["before"] == ["partitions": 3] && grown["after"] == ["partitions": 6])
  }

  @Test func cloudEventHeadersComeWhereTheTopicDeclaresThem() {
    let headers = record(.grow(topic: "t", from: 1, to: 2)).allHeaders
    #expect(
      headers.map(\.name) == [
        "message_id", "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type",
      ])
    #expect(headers[0].value == headers[2].value)
    #expect(record(.grow(topic: "t", from: 1, to: 2), hasCloudEvents: false).allHeaders.map(\.name) == ["message_id"])
  }
}
