import ProcessTestSupport

/// Kafka's encoding of requests, as far as it is needed here: big-endian integers and texts with their length before them.
struct WireText {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
  }

  mutating func append(_ text: String) {
    append(Int16(text.utf8.count))
    bytes += Array(text.utf8)
  }
}

/// The same the other way round.
struct WireReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func integer<Value: FixedWidthInteger>(as type: Value.Type) throws -> Value {
    try take(MemoryLayout<Value>.size).reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }

  /// Null counts as empty.
  mutating func text() throws -> String { String(decoding: try take(Int(max(0, try integer(as: Int16.self)))), as: UTF8.self) }

  mutating func bytes() throws -> [UInt8] { Array(try take(Int(max(0, try integer(as: Int32.self))))) }

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard rest.count >= count else { throw TestFailure("an answer of the broker ends too early") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }
}
