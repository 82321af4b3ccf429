import OnexCore

/// Writes values in PostgreSQL's binary format: big-endian, as the `*_send` functions of the server do. Binary needs no
/// escaping and no parsing on either side, which is most of the cost of a large array parameter.
struct BinaryWriter {
  /// PostgreSQL counts microseconds from 2000-01-01 (`POSTGRES_EPOCH_JDATE`), this runtime from 1970-01-01.
  static let epochOffset: Int64 = 946_684_800_000_000

  private(set) var bytes: [UInt8] = []

  mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func uuid(_ value: RawUUID) {
    integer(value.high)
    integer(value.low)
  }

  /// PostgreSQL's range is 4714-11-24 BC to the end of 294276 AD (`MIN_TIMESTAMP`, `END_TIMESTAMP`). What is beyond becomes its first or
  /// last moment: one value that the server refuses would keep a whole batch from being committed.
  static let timestampRange: ClosedRange<Int64> = -211_813_488_000_000_000...9_223_371_331_199_999_999

  mutating func timestamp(_ value: Timestamp) {
    let (microseconds, isBelow) = value.microseconds.subtractingReportingOverflow(BinaryWriter.epochOffset)
    let range = BinaryWriter.timestampRange
    integer(isBelow ? range.lowerBound : min(max(microseconds, range.lowerBound), range.upperBound))
  }

  mutating func text(_ value: String) { bytes.append(contentsOf: value.utf8) }

  mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }

  mutating func raw(_ value: Bytes) { value.withUnsafeBytes { bytes.append(contentsOf: $0) } }

  /// Version 1 of the format: the text follows (`jsonb_send`).
  mutating func jsonb(_ value: Bytes) {
    bytes.append(1)
    raw(value)
  }

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  /// Overwrites four bytes that were written before.
  mutating func patch(_ value: Int32, at position: Int) {
    withUnsafeBytes(of: value.bigEndian) { source in
      for index in 0..<4 { bytes[position + index] = source[index] }
    }
  }
}
