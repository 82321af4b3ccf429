import OnexCore

/// A Swift type that a column can be read as. Results arrive in binary format; a column of a type without a conformance is
/// read by casting it to `text` in the statement.
public protocol PostgresDecodable {
  /// `nil` when a column of type `oid` does not hold such a value.
  static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> Self?
}

extension String: PostgresDecodable {
  /// char, name, text, json, unknown, bpchar, varchar, jsonb.
  private static let types: Set<UInt32> = [18, 19, 25, 114, 705, 1042, 1043, 3802]

  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> String? {
    guard types.contains(oid) else { return nil }
    let text = oid == PostgresType.jsonb.oid ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst()) : bytes
    return String(decoding: text, as: UTF8.self)
  }
}

extension Bytes: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> Bytes? {
    let isVersioned = oid == PostgresType.jsonb.oid
    return Bytes(copying: isVersioned ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst()) : bytes)
  }
}

extension Int64: PostgresDecodable {
  /// smallint, integer, bigint, oid.
  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> Int64? {
    switch (oid, bytes.count) {
    case (21, 2): Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    case (23, 4): Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case (20, 8): Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    case (26, 4): Int64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
    default: nil
    }
  }
}

extension Int: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> Int? {
    Int64.decode(bytes, oid: oid).map(Int.init)
  }
}

extension Bool: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> Bool? {
    oid == PostgresType.boolean.oid && bytes.count == 1 ? bytes[0] != 0 : nil
  }
}

extension Double: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> Double? {
    guard oid == PostgresType.double.oid, bytes.count == 8 else { return nil }
    return Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
  }
}

extension RawUUID: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> RawUUID? {
    guard oid == PostgresType.uuid.oid, bytes.count == 16 else { return nil }
    return RawUUID(
      high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }
}

extension Timestamp: PostgresDecodable {
  /// `infinity` and its opposite are no timestamps here. The last years that PostgreSQL knows are beyond a `Timestamp` and become its last
  /// moment.
  public static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) -> Timestamp? {
    guard oid == PostgresType.timestamptz.oid, let value = Int64.decode(bytes, oid: PostgresType.bigint.oid), value != .max,
      value != .min
    else { return nil }
    let (microseconds, isBeyond) = value.addingReportingOverflow(BinaryWriter.epochOffset)
    return Timestamp(microseconds: isBeyond ? .max : microseconds)
  }
}
