import OnexCore

/// Writes JSON text into a buffer that is reused from message to message.
///
/// The writer puts in what the caller says, in the caller's order; commas are its own business.
public struct JSONWriter: ~Copyable {
  private var buffer: ByteBuffer
  private var needsComma = false

  public init(capacity: Int = 4096) { buffer = ByteBuffer(capacity: capacity) }

  public var count: Int { buffer.count }

  /// What was written since the last `finish`.
  public mutating func finish() -> Bytes {
    needsComma = false
    return buffer.finish()
  }

  /// Lets several documents follow each other in one buffer: where the next one begins.
  public mutating func beginDocument() -> Int {
    needsComma = false
    return buffer.count
  }

  public mutating func beginObject() { open(UInt8(ascii: "{")) }
  public mutating func endObject() { close(UInt8(ascii: "}")) }
  public mutating func beginArray() { open(UInt8(ascii: "[")) }
  public mutating func endArray() { close(UInt8(ascii: "]")) }

  /// A member's name; it must need no escapes.
  public mutating func name(_ name: StaticString) {
    let length = name.utf8CodeUnitCount
    let comma = needsComma ? 1 : 0
    buffer.write(atMost: length + 4) { target in
      target[0] = UInt8(ascii: ",")
      target[comma] = UInt8(ascii: "\"")
      UnsafeMutableRawBufferPointer(rebasing: target[(comma + 1)...]).copyMemory(
        from: UnsafeRawBufferPointer(start: name.utf8Start, count: length))
      target[comma + length + 1] = UInt8(ascii: "\"")
      target[comma + length + 2] = UInt8(ascii: ":")
      return comma + length + 3
    }
    needsComma = false
  }

  public mutating func name(_ name: String) {
    separate()
    quoted(name)
    buffer.append(byte: UInt8(ascii: ":"))
    needsComma = false
  }

  /// A member whose name and value are already JSON.
  public mutating func raw(_ field: RawField) {
    separate()
    buffer.append(field.name)
    buffer.append(byte: UInt8(ascii: ":"))
    buffer.append(field.value)
    needsComma = true
  }

  public mutating func raw(_ value: Bytes) {
    separate()
    buffer.append(value)
    needsComma = true
  }

  public mutating func string(_ text: String) {
    separate()
    quoted(text)
    needsComma = true
  }

  public mutating func uuid(_ uuid: RawUUID) {
    separate()
    buffer.write(atMost: 38) { target in
      target[0] = UInt8(ascii: "\"")
      uuid.writeASCII(to: UnsafeMutableRawBufferPointer(rebasing: target[1..<37]))
      target[37] = UInt8(ascii: "\"")
      return 38
    }
    needsComma = true
  }

  public mutating func timestamp(_ timestamp: Timestamp) {
    separate()
    buffer.write(atMost: 29) { target in
      target[0] = UInt8(ascii: "\"")
      timestamp.writeRFC3339(to: UnsafeMutableRawBufferPointer(rebasing: target[1..<28]))
      target[28] = UInt8(ascii: "\"")
      return 29
    }
    needsComma = true
  }

  public mutating func boolean(_ value: Bool) {
    separate()
    buffer.append(value ? "true" as StaticString : "false")
    needsComma = true
  }

  public mutating func null() {
    separate()
    buffer.append("null" as StaticString)
    needsComma = true
  }

  public mutating func integer(_ value: Int64) {
    separate()
    digits(value)
    needsComma = true
  }

  /// Milliseconds with three decimals, the resolution that latencies are told apart with.
  public mutating func milliseconds(_ duration: Duration) {
    separate()
    let microseconds = max(duration.microseconds, 0)
    digits(microseconds / 1000)
    let fraction = microseconds % 1000
    if fraction > 0 {
      buffer.append(byte: UInt8(ascii: "."))
      for divisor: Int64 in [100, 10, 1] { buffer.append(byte: UInt8(48 + fraction / divisor % 10)) }
    }
    needsComma = true
  }

  public mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .boolean(let flag): boolean(flag)
    case .number(let number):
      separate()
      buffer.append(number.literal)
      needsComma = true
    case .string(let text): string(text)
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let object):
      beginObject()
      for member in object.members {
        name(member.name)
        self.value(member.value)
      }
      endObject()
    }
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    buffer.append(byte: bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    buffer.append(byte: bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { buffer.append(byte: UInt8(ascii: ",")) }
  }

  private mutating func digits(_ value: Int64) {
    if value < 0 { buffer.append(byte: UInt8(ascii: "-")) }
    var rest = value.magnitude
    // 20 digits hold every 64-bit number.
    withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
      var start = 20
      repeat {
        start -= 1
        digits[start] = UInt8(48 + rest % 10)
        rest /= 10
      } while rest > 0
      buffer.append(UnsafeRawBufferPointer(rebasing: digits[start..<20]))
    }
  }

  private mutating func quoted(_ text: String) {
    buffer.append(byte: UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      var clean = 0
      for index in 0..<bytes.count where bytes[index] < 0x20 || bytes[index] == 0x22 || bytes[index] == 0x5C {
        buffer.append(UnsafeRawBufferPointer(rebasing: bytes[clean..<index]))
        escape(bytes[index])
        clean = index + 1
      }
      buffer.append(UnsafeRawBufferPointer(rebasing: bytes[clean...]))
    }
    buffer.append(byte: UInt8(ascii: "\""))
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case 0x22: buffer.append("\\\"" as StaticString)
    case 0x5C: buffer.append("\\\\" as StaticString)
    case 0x0A: buffer.append("\\n" as StaticString)
    case 0x0D: buffer.append("\\r" as StaticString)
    case 0x09: buffer.append("\\t" as StaticString)
    default:
      buffer.append("\\u00" as StaticString)
      for digit in [byte >> 4, byte & 15] { buffer.append(byte: digit < 10 ? digit + 48 : digit + 87) }
    }
  }
}

extension JSONValue {
  public func encoded() -> Bytes {
    var writer = JSONWriter(capacity: 256)
    writer.value(self)
    return writer.finish()
  }
}
