import OnexCore
import OnexJSON

/// What must be known of a request to answer it later: everything but its payload. Kept in the store.
struct RequestStub: Sendable {
  private let record: OutboundRecord

  init(_ envelope: Envelope, _ record: ConsumedRecord) {
    var stub = envelope
    stub.payload = Envelope.emptyPayload
    stub.extensions = RuntimeField.without(stub.extensions)
    if let origin = RuntimeField.origin(stub.origin) { stub.extensions.append(origin) }
    var writer = JSONWriter(capacity: 512)
    writer.request(stub)
    self.record = OutboundRecord(
      topic: record.source.topic, key: record.key, value: writer.finish(),
      headers: OutputBatch.trace(of: record))
  }

  /// `nil` for bytes that `encoded` never gave.
  init?(_ bytes: Bytes) {
    guard let records = try? RecordedOutputs.decode(bytes), records.count == 1 else { return nil }
    record = records[0]
  }

  var encoded: Bytes { RecordedOutputs.encode([record]) }

  /// The request as if it had just come, and what it came in.
  func request() -> (envelope: Envelope, record: ConsumedRecord)? {
    let consumed = ConsumedRecord(
      source: TopicPartition(record.topic, 0), offset: 0, key: record.key, value: record.value, headers: record.headers,
      timestamp: nil)
    var decoder = EnvelopeDecoder(limits: EnvelopeDecoder.Limits())
    guard case .success(var envelope) = decoder.decode(consumed) else { return nil }
    envelope.readOrigin()
    return (envelope, consumed)
  }
}
