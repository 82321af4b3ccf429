import OnexCore
import OnexJSON
import OnexKafka

/// Tells the platform of every change that was made: one record on `onex.evt.platform.topic-changed.v1` each, keyed by the topic.
///
/// The changes are made when these are written: an event that cannot be written is reported and not tried again. Where that topic is
/// not declared, nobody wants to know.
struct TopicChangeEvents: Sendable {
  /// How long the broker may take to acknowledge.
  static let timeout: Duration = .seconds(10)

  private let bus: any EventBus
  private let clock: any RuntimeClock
  private let ids: any IDSource

  init(_ bus: any EventBus, clock: any RuntimeClock, ids: any IDSource = RandomIDSource()) {
    self.bus = bus
    self.clock = clock
    self.ids = ids
  }

  /// - Returns: why some were not written; `nil` when all were, or none was to be.
  func publish(_ report: ApplyReport, _ desired: DesiredTopics) async -> EventBusError? {
    guard !report.done.isEmpty, let topic = desired.topics[Topics.topicChanged] else { return nil }
    let isThere =
      !report.waiting.contains(Topics.topicChanged) && !report.rest.changes.contains { $0.topic == Topics.topicChanged }
    guard isThere else { return EventBusError(.unknownTopic, "\(Topics.topicChanged) cannot be used yet") }
    let correlationID = CorrelationID(ids.next())
    let now = clock.now()
    let records = report.done.map { record($0, correlationID, now, hasCloudEvents: topic.hasCloudEvents) }
    do throws(EventBusError) {
      let producer = try bus.producer()
      let publication = producer.send(records)
      await producer.close(timeout: TopicChangeEvents.timeout)
      return await publication.failures().first?.error
    } catch {
      return error
    }
  }

  func record(_ change: TopicChange, _ correlationID: CorrelationID, _ now: Timestamp, hasCloudEvents: Bool) -> OutboundRecord {
    let id = EnvelopeID(ids.next())
    let (before, after) = PlanDocument.values(change)
    let event = JSONObject([
      ("change", .string(TopicChangeEvents.name(change.kind))), ("topic", .string(change.topic)), ("before", before),
      ("after", after), ("correlation_id", .string(correlationID.description)), ("timestamp", .string(now.rfc3339)),
    ])
    let headers = [
      ("ce_specversion", "1.0"), ("ce_id", id.description), ("ce_type", Topics.topicChanged),
      ("ce_source", "/onex/topic-manager"),
      ("ce_time", now.rfc3339), ("content-type", "application/json"),
    ]
    return OutboundRecord(
      topic: Topics.topicChanged, key: Bytes(change.topic), value: JSONValue.object(event).encoded(), messageID: id,
      headers: hasCloudEvents ? headers.map { RecordHeader($0.0, Bytes($0.1)) } : [])
  }

  static func name(_ kind: TopicChange.Kind) -> String {
    switch kind {
    case .create: "created"
    case .grow: "partitions_grown"
    case .configure: "config_changed"
    }
  }
}
