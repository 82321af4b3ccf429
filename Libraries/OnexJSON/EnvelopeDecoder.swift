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
      guard let problem = try metadataProblem(metadata) else { return result }
      return .failure(EnvelopeDecoder.metadataRejection(record, envelope, problem))
    } catch {
      return .failure(EnvelopeDecoder.rejection(record, value, EnvelopeDecoder.responseError(error)))
    }
  }

  /// Up to this many names are compared with each other, which needs no allocation.
  private static let pairwiseMax = 8

  /// What is wrong with the object: a member that is no string, or a name that occurs twice, escapes resolved.
  private mutating func metadataProblem(_ metadata: Bytes) throws(JSONError) -> String? {
    try metadata.withUnsafeBytes { text throws(JSONError) in
      try parser.walk(text, recordDepth: 2) { nodes throws(JSONError) in
        guard stride(from: 2, to: nodes.count, by: 2).allSatisfy({ nodes[$0].kind == UInt8(ONEX_JSON_STRING.rawValue) }) else {
          return "must be an object of strings"
        }
        return try EnvelopeDecoder.hasTwice(nodes, text) ? "has a name twice" : nil
      }
    }
  }

  /// - Parameter nodes: of one object and its members.
  private static func hasTwice(
    _ nodes: UnsafeBufferPointer<onex_json_node>, _ text: UnsafeRawBufferPointer
  ) throws(JSONError) -> Bool {
    let places = stride(from: 1, to: nodes.count, by: 2)
    func raw(_ place: Int) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(rebasing: text[Int(nodes[place].start)..<Int(nodes[place].start + nodes[place].length)])
    }
    if nodes.count <= 2 * pairwiseMax + 1, places.allSatisfy({ nodes[$0].escaped == 0 }) {
      return places.contains { place in stride(from: 1, to: place, by: 2).contains { raw($0).isEqual(raw(place)) } }
    }
    var seen: Set<ExactText> = []
    for place in places {
      guard seen.insert(ExactText(try JSONText.string(nodes[place], in: text))).inserted else { return true }
    }
    return false
  }

  private static func metadataRejection(_ record: ConsumedRecord, _ envelope: Envelope, _ problem: String) -> RejectedRecord {
    RejectedRecord(
      record: record, error: ResponseError(.invalidEnvelope, "the field metadata \(problem)"),
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
