import OnexCore
import OnexJSON

/// A record as a broker may hand it over: any time, partition and offset, a value or none, headers. Everything that is done with its
/// numbers must come to an end without a trap, and what is read as a response must survive being written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecord(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = Input(UnsafeRawBufferPointer(start: start, count: count))
  let time = Timestamp(milliseconds: input.number())
  let offset = input.number()
  let other = Timestamp(microseconds: input.number())
  let place = TopicPartition("requests", Int32(truncatingIfNeeded: input.number()))
  let flags = input.number()
  let headers = flags & 1 == 0 ? [] : [RecordHeader(input.bytes(16).text, input.bytes(16)), RecordHeader("h", nil)]
  let value = flags & 2 == 0 ? input.rest : nil
  let record = ConsumedRecord(
    source: place, offset: offset, key: flags & 4 == 0 ? nil : value, value: value, headers: headers,
    timestamp: flags & 8 == 0 ? time : nil)

  let age = other - time
  precondition(time + age == other || age == .microseconds(Int64.max) || age == .microseconds(Int64.min), "an age leads back")
  precondition((time < other) == (age > .zero), "an age has the sign of its order")
  precondition(Timestamp(rfc3339: time.rfc3339) != nil, "what is written as a time is one")
  _ = (time + .milliseconds(offset), time - .seconds(offset), time.milliseconds, age.microseconds, age.seconds)

  var requests = EnvelopeDecoder()
  _ = requests.decode(record)
  var responses = ResponseDecoder()
  guard case .success(let response) = responses.decode(record) else { return 0 }
  var writer = JSONWriter()
  writer.response(response)
  let written = ConsumedRecord(source: place, offset: offset, key: nil, value: writer.finish(), timestamp: time)
  guard case .success(let read) = responses.decode(written) else { preconditionFailure("what was written cannot be read") }
  precondition(read.envelopeID == response.envelopeID && read.correlationID == response.correlationID, "what was read differs")
  return 0
}

/// Takes numbers and bytes off the front; zeros when there is nothing left.
private struct Input {
  private var left: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { left = bytes }

  mutating func number() -> Int64 {
    bytes(8).withUnsafeBytes { bytes in Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) }) }
  }

  mutating func bytes(_ count: Int) -> Bytes {
    let taken = min(count, left.count)
    defer { left = UnsafeRawBufferPointer(rebasing: left[taken...]) }
    return Bytes(copying: UnsafeRawBufferPointer(rebasing: left[..<taken]))
  }

  var rest: Bytes { Bytes(copying: left) }
}
