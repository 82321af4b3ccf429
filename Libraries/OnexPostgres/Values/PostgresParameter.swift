import OnexCore

/// A value for `$1`, `$2`, … of a statement. Values never become part of the statement's text.
public struct PostgresParameter: Sendable {
  let oid: UInt32
  /// `nil` is NULL.
  let bytes: [UInt8]?
  let isBinary: Bool

  /// In text form, of the type that the statement's context gives it.
  public static func text(_ value: String?) -> PostgresParameter {
    PostgresParameter(oid: 0, bytes: value.map { Array($0.utf8) }, isBinary: false)
  }

  public static func uuid(_ value: RawUUID?) -> PostgresParameter { binary(.uuid, value) { $0.uuid($1) } }
  public static func bigint(_ value: Int64?) -> PostgresParameter { binary(.bigint, value) { $0.integer($1) } }
  public static func integer(_ value: Int32?) -> PostgresParameter { binary(.integer, value) { $0.integer($1) } }
  public static func boolean(_ value: Bool?) -> PostgresParameter { binary(.boolean, value) { $0.integer($1 ? UInt8(1) : 0) } }
  public static func timestamp(_ value: Timestamp?) -> PostgresParameter { binary(.timestamptz, value) { $0.timestamp($1) } }
  public static func jsonb(_ value: Bytes?) -> PostgresParameter { binary(.jsonb, value) { $0.jsonb($1) } }
  public static func bytea(_ value: Bytes?) -> PostgresParameter { binary(.bytea, value) { $0.raw($1) } }

  public static func array(_ value: PostgresArray) -> PostgresParameter {
    PostgresParameter(oid: value.element.arrayOID, bytes: value.encoded, isBinary: true)
  }

  private static func binary<Value>(
    _ type: PostgresType, _ value: Value?, _ write: (inout BinaryWriter, Value) -> Void
  ) -> PostgresParameter {
    guard let value else { return PostgresParameter(oid: type.oid, bytes: nil, isBinary: true) }
    var writer = BinaryWriter()
    write(&writer, value)
    return PostgresParameter(oid: type.oid, bytes: writer.bytes, isBinary: true)
  }
}
