import OnexCore
import OnexJSON

/// Any bytes are either an envelope that survives being written and read again, or a rejection. Anything else ends the process,
/// which is what the fuzzer looks for.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEnvelope(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let value = Bytes(copying: UnsafeRawBufferPointer(start: start, count: count))
  let place = TopicPartition("requests", 0)
  var decoder = EnvelopeDecoder()
  guard
    case .success(let envelope) = decoder.decode(
      ConsumedRecord(source: place, offset: 1, key: nil, value: value, timestamp: nil))
  else { return 0 }
  var writer = JSONWriter()
  writer.request(envelope)
  let written = ConsumedRecord(source: place, offset: 2, key: nil, value: writer.finish(), timestamp: nil)
  guard case .success(let read) = decoder.decode(written) else { preconditionFailure("what was written cannot be read") }
  precondition(read.envelopeID == envelope.envelopeID && read.payload == envelope.payload, "what was read differs")
  return 0
}
