import OnexCore
import OnexJSON

/// Collects what the records of one batch give out. All texts of a batch share one buffer; the collector is used again for the next.
public struct OutputBatch: ~Copyable {
  /// Headers of an incoming record that go on to what it causes (W3C Trace Context).
  private static let traceHeaders = ["traceparent", "tracestate"]
  /// A refused response without metadata and unknown fields is smaller: every text in it is bounded, escapes included.
  private static let refusalBytesMax = 16 << 10
  /// Room for so many outputs is kept from batch to batch.
  private static let itemsKeptMax = 8192

  private enum Value {
    case written(start: Int, count: Int)
    case passed(Bytes)
    case deadLetter(OutboundRecord)
  }

  private struct Item {
    let owner: Int
    let topic: String
    let key: Key
    let value: Value
    let messageID: EnvelopeID
    let trace: [RecordHeader]
  }

  private enum Key {
    case bytes(Bytes)
    /// The id's text, which stands at this place of the written value.
    case correlation(CorrelationID)
  }

  private var writer: JSONWriter
  private var items: [Item] = []
  /// Responses larger than this are replaced by `OUTPUT_TOO_LARGE`.
  private let outputBytesMax: Int

  public init(outputBytesMax: Int, capacity: Int = 64 << 10) {
    self.outputBytesMax = outputBytesMax
    writer = JSONWriter(capacity: capacity)
  }

  public var count: Int { items.count }

  /// Adds a response; `owner` is the record's position in the batch.
  public mutating func respond(_ response: ResponseEnvelope, to record: ConsumedRecord, topic: String, owner: Int) {
    let start = writer.beginDocument()
    writer.response(response)
    guard writer.count - start <= outputBytesMax else {
      return refuse(response, size: writer.count - start, record, topic, owner)
    }
    add(record, owner, topic, .written(start: start, count: writer.count - start), response.envelopeID, response.correlationID)
  }

  /// Replaces the outcome alone: everything that says whom the answer is for stays, above all the reply mark, without which a step's
  /// answer would become a final one. Metadata and unknown fields go only when they themselves do not fit.
  private mutating func refuse(
    _ response: ResponseEnvelope, size: Int, _ record: ConsumedRecord, _ topic: String, _ owner: Int
  ) {
    var shorter = response
    shorter.outcome = .failure(
      ResponseError(.outputTooLarge, "the response has \(size) bytes; the limit is \(outputBytesMax)"))
    let carried = (shorter.metadata?.count ?? 0) + shorter.extensions.reduce(0) { $0 + $1.name.count + $1.value.count + 2 }
    if carried > outputBytesMax - min(outputBytesMax, OutputBatch.refusalBytesMax) {
      shorter.extensions = RuntimeField.address(in: shorter.extensions)
      shorter.metadata = nil
    }
    let start = writer.beginDocument()
    writer.response(shorter)
    add(record, owner, topic, .written(start: start, count: writer.count - start), response.envelopeID, response.correlationID)
  }

  /// Adds a request for another role. What came complete goes out as the bytes it came in.
  public mutating func forward(_ envelope: Envelope, of record: ConsumedRecord, topic: String, owner: Int) {
    if envelope.isComplete, let value = record.value {
      add(record, owner, topic, .passed(value), envelope.envelopeID, envelope.correlationID)
      return
    }
    let start = writer.beginDocument()
    writer.request(envelope)
    let value = Value.written(start: start, count: writer.count - start)
    add(record, owner, topic, value, envelope.envelopeID, envelope.correlationID)
  }

  /// Adds a request that this process makes itself.
  mutating func request(_ envelope: Envelope, key: Bytes, trace: [RecordHeader], topic: String, owner: Int) {
    let start = writer.beginDocument()
    writer.request(envelope)
    items.append(
      Item(
        owner: owner, topic: topic, key: .bytes(key), value: .written(start: start, count: writer.count - start),
        messageID: envelope.envelopeID, trace: trace))
  }

  /// The headers of a record that travel on.
  static func trace(of record: ConsumedRecord) -> [RecordHeader] {
    record.headers.isEmpty ? [] : record.headers.filter { traceHeaders.contains($0.name) }
  }

  /// Adds the record's own value under another topic.
  public mutating func pass(
    _ record: ConsumedRecord, value: Bytes, topic: String, id: EnvelopeID, correlationID: CorrelationID, owner: Int
  ) {
    add(record, owner, topic, .passed(value), id, correlationID)
  }

  public mutating func deadLetter(_ letter: OutboundRecord, id: EnvelopeID, owner: Int) {
    items.append(
      Item(owner: owner, topic: letter.topic, key: .bytes(.empty), value: .deadLetter(letter), messageID: id, trace: []))
  }

  private mutating func add(
    _ record: ConsumedRecord, _ owner: Int, _ topic: String, _ value: Value, _ id: EnvelopeID, _ correlation: CorrelationID
  ) {
    let key: Key = if let key = record.key { .bytes(key) } else { .correlation(correlation) }
    items.append(
      Item(owner: owner, topic: topic, key: key, value: value, messageID: id, trace: OutputBatch.trace(of: record)))
  }

  /// The records to publish, in order, and to which record of the batch each belongs. The batch is empty afterwards.
  public mutating func finish() -> (records: [OutboundRecord], owners: [Int]) {
    let buffer = writer.finish()
    var records: [OutboundRecord] = []
    var owners: [Int] = []
    records.reserveCapacity(items.count)
    owners.reserveCapacity(items.count)
    for item in items {
      records.append(OutputBatch.outbound(item, buffer))
      owners.append(item.owner)
    }
    items.removeAll(keepingCapacity: items.capacity <= OutputBatch.itemsKeptMax)
    return (records, owners)
  }

  private static func outbound(_ item: Item, _ buffer: Bytes) -> OutboundRecord {
    let value: Bytes
    switch item.value {
    case .written(let start, let count): value = buffer.slice(from: start, count: count)
    case .passed(let bytes): value = bytes
    case .deadLetter(let letter): return letter
    }
    let key: Bytes =
      switch item.key {
      case .bytes(let bytes): bytes
      case .correlation(let id): Bytes(id.description)
      }
    return OutboundRecord(topic: item.topic, key: key, value: value, messageID: item.messageID, headers: item.trace)
  }
}
