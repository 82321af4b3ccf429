import CSimdJSON
import OnexCore

/// Reads records as request envelopes (WIRE "Envelope"). Keeps its parser's buffers from record to record.
public struct EnvelopeDecoder: ~Copyable {
  public struct Limits: Sendable {
    /// A larger payload is `PAYLOAD_TOO_LARGE`.
    public var payloadBytesMax: Int
    /// A larger record is refused without being parsed; above what the broker accepts, so that it normally never is.
    public var recordBytesMax: Int

    public init(payloadBytesMax: Int = 1 << 20, recordBytesMax: Int = 16 << 20) {
      self.payloadBytesMax = payloadBytesMax
      self.recordBytesMax = recordBytesMax
    }
  }

  private var parser = JSONParser()
  public let limits: Limits
  private let cluster: String

  /// - Parameter cluster: the broker's cluster id, part of the identity of a request that carries none; empty where the broker has none.
  public init(limits: Limits = Limits(), cluster: String = "") {
    self.limits = limits
    self.cluster = cluster
  }

  public mutating func decode(_ record: ConsumedRecord) -> Result<Envelope, RejectedRecord> {
    guard let value = record.value else {
      return .failure(RejectedRecord(record: record, error: ResponseError(.invalidJSON, "the record has no value")))
    }
    guard value.count <= limits.recordBytesMax else {
      let message = "the record has \(value.count) bytes; the limit is \(limits.recordBytesMax)"
      return .failure(EnvelopeDecoder.rejection(record, value, ResponseError(.payloadTooLarge, message)))
    }
    do throws(JSONError) {
      let (payloadBytesMax, cluster) = (limits.payloadBytesMax, cluster)
      let result = try value.withUnsafeBytes { text throws(JSONError) in
        try parser.walk(text, recordDepth: 2) { nodes throws(JSONError) in
          let fields = try EnvelopeFields(value, text: text, nodes: nodes)
          return RequestReader(record: record, fields: fields, payloadBytesMax: payloadBytesMax, cluster: cluster).read()
        }
      }
      guard case .success(let envelope) = result, let metadata = envelope.metadata else { return result }
      return try checkMetadata(metadata) ? result : .failure(EnvelopeDecoder.metadataRejection(record, envelope))
    } catch {
      return .failure(EnvelopeDecoder.rejection(record, value, EnvelopeDecoder.responseError(error)))
    }
  }

  /// Whether every member of the object is a string.
  private mutating func checkMetadata(_ metadata: Bytes) throws(JSONError) -> Bool {
    try metadata.withUnsafeBytes { text throws(JSONError) in
      try parser.walk(text, recordDepth: 2) { nodes throws(JSONError) in
        stride(from: 2, to: nodes.count, by: 2).allSatisfy { nodes[$0].kind == UInt8(ONEX_JSON_STRING.rawValue) }
      }
    }
  }

  private static func metadataRejection(_ record: ConsumedRecord, _ envelope: Envelope) -> RejectedRecord {
    RejectedRecord(
      record: record, error: ResponseError(.invalidEnvelope, "the field metadata must be an object of strings"),
      identity: envelope.envelopeID, correlationID: envelope.correlationID, operation: envelope.operation)
  }

  /// A record whose text cannot be read as a whole; its ids may still be found.
  private static func rejection(_ record: ConsumedRecord, _ value: Bytes, _ error: ResponseError) -> RejectedRecord {
    let found = value.withUnsafeBytes { SalvagedIDs(scanning: $0) }
    return RejectedRecord(
      record: record, error: error, identity: found.envelopeID.map { EnvelopeID($0) },
      correlationID: found.correlationID.map { CorrelationID($0) })
  }

  private static func responseError(_ error: JSONError) -> ResponseError {
    switch error.code {
    case .duplicateName, .notAnObject: ResponseError(.invalidEnvelope, error.description)
    case .tooLarge: ResponseError(.payloadTooLarge, error.description)
    case .empty, .syntax, .invalidUTF8, .controlCharacter, .tooDeep: ResponseError(.invalidJSON, error.description)
    }
  }
}
