/// A growing buffer that outputs are written into, one batch after the other, without an allocation a message.
///
/// `finish()` hands the written bytes out as `Bytes` that own the memory, and starts an empty buffer. Slices of one batch therefore share one allocation.
public struct ByteBuffer: ~Copyable {
  @usableFromInline var storage: ByteStorage
  @usableFromInline var capacity: Int
  @usableFromInline var used = 0
  private let initialCapacity: Int

  /// Bytes written since the last `finish`.
  @inlinable public var count: Int { used }

  public init(capacity: Int = 4096) {
    initialCapacity = max(capacity, 64)
    self.capacity = initialCapacity
    self.storage = ByteStorage(capacity: self.capacity)
  }

  public mutating func append(_ bytes: Bytes) {
    bytes.withUnsafeBytes { append($0) }
  }

  @inlinable
  public mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  @inlinable
  public mutating func append(_ buffer: UnsafeRawBufferPointer) {
    guard let source = buffer.baseAddress, buffer.count > 0 else { return }
    reserve(buffer.count)
    (storage.memory + count).copyMemory(from: source, byteCount: buffer.count)
    used += buffer.count
  }

  @inlinable
  public mutating func append(byte: UInt8) {
    reserve(1)
    storage.memory.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    used += 1
  }

  /// Lets `body` write up to `length` bytes in place; it returns how many it wrote.
  @inlinable
  public mutating func write(atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    reserve(length)
    let written = body(UnsafeMutableRawBufferPointer(start: storage.memory + count, count: length))
    precondition(written >= 0 && written <= length, "a writer stays inside what it reserved")
    used += written
  }

  /// Everything written so far; the buffer is empty afterwards and owns new memory.
  public mutating func finish() -> Bytes {
    let bytes = Bytes(viewing: UnsafeRawBufferPointer(start: storage.memory, count: count), owner: storage)
    // What the next batch will need is about what this one needed: less would be grown by copying, more would be held for nothing.
    capacity = max(initialCapacity, used + used / 4)
    storage = ByteStorage(capacity: capacity)
    used = 0
    return bytes
  }

  @inlinable
  mutating func reserve(_ extra: Int) {
    if count + extra > capacity { grow(extra) }
  }

  @usableFromInline
  mutating func grow(_ extra: Int) {
    capacity = max(capacity * 2, count + extra)
    let grown = ByteStorage(capacity: capacity)
    grown.memory.copyMemory(from: UnsafeRawPointer(storage.memory), byteCount: count)
    storage = grown
  }
}
