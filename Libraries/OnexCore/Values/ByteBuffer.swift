/// A growing buffer that outputs are written into, one batch after the other, without an allocation a message.
///
/// `finish()` hands the written bytes out as `Bytes` that own the memory, and starts an empty buffer of the same capacity
/// class. Slices of one batch therefore share one allocation.
public struct ByteBuffer: ~Copyable {
  private var storage: ByteStorage
  private var capacity: Int
  public private(set) var count = 0

  public init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    self.storage = ByteStorage(capacity: self.capacity)
  }

  public mutating func append(_ bytes: Bytes) {
    bytes.withUnsafeBytes { append($0) }
  }

  public mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  public mutating func append(_ buffer: UnsafeRawBufferPointer) {
    guard let source = buffer.baseAddress, buffer.count > 0 else { return }
    reserve(buffer.count)
    (storage.memory + count).copyMemory(from: source, byteCount: buffer.count)
    count += buffer.count
  }

  public mutating func append(byte: UInt8) {
    reserve(1)
    storage.memory.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// Lets `body` write up to `length` bytes in place; it returns how many it wrote.
  public mutating func write(atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    reserve(length)
    let written = body(UnsafeMutableRawBufferPointer(start: storage.memory + count, count: length))
    precondition(written >= 0 && written <= length, "a writer stays inside what it reserved")
    count += written
  }

  /// Everything written so far; the buffer is empty afterwards and owns new memory.
  public mutating func finish() -> Bytes {
    let bytes = Bytes(viewing: UnsafeRawBufferPointer(start: storage.memory, count: count), owner: storage)
    storage = ByteStorage(capacity: capacity)
    count = 0
    return bytes
  }

  private mutating func reserve(_ extra: Int) {
    guard count + extra > capacity else { return }
    capacity = max(capacity * 2, count + extra)
    let grown = ByteStorage(capacity: capacity)
    grown.memory.copyMemory(from: UnsafeRawPointer(storage.memory), byteCount: count)
    storage = grown
  }
}
