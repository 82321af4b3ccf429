/// Outputs as the inbox keeps them: a version, then each record, every length in front of its bytes, big-endian.
public enum RecordedOutputs {
  public struct Malformed: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  private static let version: UInt8 = 1

  public static func encode(_ records: [OutboundRecord]) -> Bytes {
    var buffer = ByteBuffer(capacity: 64 + records.reduce(0) { $0 + 160 + ($1.value?.count ?? 0) + ($1.key?.count ?? 0) })
    buffer.append(byte: version)
    buffer.append(integer: UInt32(records.count))
    for record in records {
      buffer.append(field: Bytes(record.topic))
      buffer.append(integer: UInt32(bitPattern: record.partition ?? -1))
      buffer.append(field: record.key)
      buffer.append(field: record.value)
      buffer.append(byte: record.messageID == nil ? 0 : 1)
      if let id = record.messageID {
        buffer.append(integer: id.uuid.high)
        buffer.append(integer: id.uuid.low)
      }
      buffer.append(integer: UInt32(record.headers.count))
      for header in record.headers {
        buffer.append(field: Bytes(header.name))
        buffer.append(field: header.value)
      }
    }
    return buffer.finish()
  }

  /// - Throws: `Malformed` for bytes that `encode` never wrote.
  public static func decode(_ bytes: Bytes) throws(Malformed) -> [OutboundRecord] {
    // An answer that came too late was silenced (migrations/forward/003_runtime_journal.sql).
    guard !bytes.isEmpty else { return [] }
    var reader = FieldReader(bytes)
    let version = try reader.byte()
    guard version == RecordedOutputs.version else {
      throw Malformed(description: "recorded outputs have version \(version); this program reads \(RecordedOutputs.version)")
    }
    var records: [OutboundRecord] = []
    for _ in 0..<(try reader.integer(UInt32.self)) {
      let topic = try reader.required().text
      let partition = Int32(bitPattern: try reader.integer(UInt32.self))
      let (key, value) = (try reader.field(), try reader.field())
      var id: EnvelopeID?
      if try reader.byte() == 1 {
        id = EnvelopeID(RawUUID(high: try reader.integer(UInt64.self), low: try reader.integer(UInt64.self)))
      }
      var headers: [RecordHeader] = []
      for _ in 0..<(try reader.integer(UInt32.self)) {
        headers.append(RecordHeader(try reader.required().text, try reader.field()))
      }
      records.append(
        OutboundRecord(
          topic: topic, partition: partition < 0 ? nil : partition, key: key, value: value, messageID: id, headers: headers))
    }
    guard reader.isAtEnd else { throw Malformed(description: "recorded outputs have bytes behind their end") }
    return records
  }

  private struct FieldReader {
    private let bytes: Bytes
    private var position = 0

    init(_ bytes: Bytes) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(Malformed) -> UInt8 { try integer(UInt8.self) }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(Malformed) -> Value {
      let size = MemoryLayout<Value>.size
      guard bytes.count - position >= size else { throw Malformed(description: "recorded outputs end in the middle") }
      defer { position += size }
      return bytes.withUnsafeBytes { Value(bigEndian: $0.loadUnaligned(fromByteOffset: position, as: Value.self)) }
    }

    mutating func field() throws(Malformed) -> Bytes? {
      let length = Int32(bitPattern: try integer(UInt32.self))
      guard length >= 0 else { return nil }
      guard bytes.count - position >= Int(length) else { throw Malformed(description: "recorded outputs end in the middle") }
      defer { position += Int(length) }
      return bytes.slice(from: position, count: Int(length))
    }

    mutating func required() throws(Malformed) -> Bytes {
      guard let field = try field() else { throw Malformed(description: "recorded outputs lack a name") }
      return field
    }
  }
}

extension ByteBuffer {
  fileprivate mutating func append<Value: FixedWidthInteger>(integer value: Value) {
    withUnsafeBytes(of: value.bigEndian) { append($0) }
  }

  /// A length and the bytes; -1 for none.
  fileprivate mutating func append(field: Bytes?) {
    append(integer: field.map { UInt32($0.count) } ?? UInt32(bitPattern: -1))
    if let field { append(field) }
  }
}
