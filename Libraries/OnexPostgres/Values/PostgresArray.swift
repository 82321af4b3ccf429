import OnexCore

/// A one-dimensional array being filled, in the binary format of `array_send`: a column of a batch as one parameter.
public struct PostgresArray: Sendable {
  public let element: PostgresType
  public private(set) var count = 0
  private var hasNull = false
  private var writer = BinaryWriter()

  /// Header: dimensions, null flag, element type, then length and lower bound of the only dimension.
  private static let headerBytes = 20
  private static let lengthPosition = 12

  public init(of element: PostgresType, capacity: Int = 0) {
    self.element = element
    writer.reserve(PostgresArray.headerBytes + capacity * 20)
    writer.integer(Int32(1))
    writer.integer(Int32(0))
    writer.integer(element.oid)
    writer.integer(Int32(0))
    writer.integer(Int32(1))
  }

  public mutating func appendNull() {
    hasNull = true
    count += 1
    writer.integer(Int32(-1))
  }

  public mutating func append(_ value: RawUUID) { append(as: .uuid) { $0.uuid(value) } }
  public mutating func append(_ value: Timestamp) { append(as: .timestamptz) { $0.timestamp(value) } }
  public mutating func append(_ value: Int32) { append(as: .integer) { $0.integer(value) } }
  public mutating func append(_ value: Int64) { append(as: .bigint) { $0.integer(value) } }
  public mutating func append(_ value: Bool) { append(as: .boolean) { $0.integer(value ? UInt8(1) : 0) } }
  public mutating func append(_ value: String) { append(as: .text) { $0.text(value) } }
  public mutating func append(text value: Bytes) { append(as: .text) { $0.raw(value) } }
  public mutating func append(jsonb value: Bytes) { append(as: .jsonb) { $0.jsonb(value) } }
  public mutating func append(bytea value: Bytes) { append(as: .bytea) { $0.raw(value) } }

  /// NULL for `nil`.
  public mutating func append(_ value: RawUUID?) {
    if let value { append(value) } else { appendNull() }
  }

  private mutating func append(as type: PostgresType, _ write: (inout BinaryWriter) -> Void) {
    precondition(type == element, "an array has elements of one type")
    let position = writer.bytes.count
    writer.integer(Int32(0))
    write(&writer)
    writer.patch(Int32(writer.bytes.count - position - 4), at: position)
    count += 1
  }

  var encoded: [UInt8] {
    var finished = writer
    finished.patch(hasNull ? 1 : 0, at: 4)
    finished.patch(Int32(count), at: PostgresArray.lengthPosition)
    return finished.bytes
  }
}
