import OnexCore
import OnexJSON

/// The recorded answer of a request that came before, addressed to the request that repeats it: whoever sent it again waits
/// for its own ids.
enum RecordedAnswer {
  static func outputs(_ recorded: [OutboundRecord], for work: HandlerWork, topic: String, bytesMax: Int) -> [OutboundRecord] {
    var decoder = ResponseDecoder()
    guard let first = recorded.first, recorded.count == 1,
      case .success(var response) = decoder.decode(
        ConsumedRecord(source: work.record.source, offset: work.record.offset, key: nil, value: first.value, timestamp: nil)),
      response.causationID != work.envelope.envelopeID
    else { return recorded }
    response.envelopeID = work.envelope.envelopeID.derived("response")
    response.correlationID = work.envelope.correlationID
    response.causationID = work.envelope.envelopeID
    var batch = OutputBatch(outputBytesMax: bytesMax, capacity: 1024)
    batch.respond(response, to: work.record, topic: topic, owner: 0)
    return batch.finish().records
  }
}
