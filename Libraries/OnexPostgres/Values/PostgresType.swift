/// A data type by its object identifier, fixed for built-in types (PostgreSQL source, `pg_type.dat`).
public struct PostgresType: Sendable, Hashable {
  public let oid: UInt32
  /// The type of an array of these.
  public let arrayOID: UInt32

  public static let boolean = PostgresType(oid: 16, arrayOID: 1000)
  public static let bytea = PostgresType(oid: 17, arrayOID: 1001)
  public static let bigint = PostgresType(oid: 20, arrayOID: 1016)
  public static let integer = PostgresType(oid: 23, arrayOID: 1007)
  public static let text = PostgresType(oid: 25, arrayOID: 1009)
  public static let double = PostgresType(oid: 701, arrayOID: 1022)
  public static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
  public static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
  public static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
}
