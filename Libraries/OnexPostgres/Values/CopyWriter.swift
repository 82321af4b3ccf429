import OnexCore

/// Rows for a `COPY`, in the binary format of PostgreSQL's documentation of COPY, section "Binary Format".
///
/// The server takes a value's bytes for what the column's type says and does not convert: `bigint` columns take `Int64` only,
/// `integer` columns `Int32` only.
public struct CopyWriter: Sendable {
  /// Signature, flags, and the length of a header extension that nobody has defined yet.
  private static let header: [UInt8] = Array("PGCOPY\n".utf8) + [255, 13, 10, 0] + [0, 0, 0, 0] + [0, 0, 0, 0]
  /// In the place of a row's number of fields.
  static let trailer: [UInt8] = [255, 255]

  /// Of every row.
  public let columnCount: Int
  public private(set) var rowCount = 0
  private var fieldCount = 0
  private var writer = BinaryWriter()

  /// - Parameter capacityBytes: room made at once; more is made when it is needed.
  public init(columnCount: Int, capacityBytes: Int = 0) {
    precondition((1...Int(Int16.max)).contains(columnCount), "a row has at least one column")
    self.columnCount = columnCount
    writer.reserve(CopyWriter.header.count + capacityBytes)
    writer.raw(CopyWriter.header)
  }

  /// Everything but the trailer.
  var bytes: [UInt8] { writer.bytes }

  /// Appends a row.
  ///
  /// - Parameter fill: appends one value for each column, in their order.
  public mutating func appendRow(_ fill: (inout CopyWriter) -> Void) {
    writer.integer(Int16(columnCount))
    fieldCount = 0
    fill(&self)
    precondition(fieldCount == columnCount, "a row has a value for each of its \(columnCount) columns")
    rowCount += 1
  }

  public mutating func appendNull() {
    fieldCount += 1
    writer.integer(Int32(-1))
  }

  public mutating func append(_ value: String) { field { $0.text(value) } }
  public mutating func append(_ value: RawUUID) { field { $0.uuid(value) } }
  public mutating func append(_ value: Timestamp) { field { $0.timestamp(value) } }
  public mutating func append(_ value: Int32) { field { $0.integer(value) } }
  public mutating func append(_ value: Int64) { field { $0.integer(value) } }
  public mutating func append(_ value: Bool) { field { $0.integer(value ? UInt8(1) : 0) } }
  public mutating func append(jsonb value: Bytes) { field { $0.jsonb(value) } }
  public mutating func append(bytea value: Bytes) { field { $0.raw(value) } }

  private mutating func field(_ write: (inout BinaryWriter) -> Void) {
    fieldCount += 1
    let position = writer.bytes.count
    writer.integer(Int32(0))
    write(&writer)
    writer.patch(Int32(writer.bytes.count - position - 4), at: position)
  }
}
