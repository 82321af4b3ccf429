/// An immutable run of bytes that may live inside somebody else's buffer.
///
/// A record's payload is several slices of one librdkafka message; holding the message alive (`owner`) is cheaper than
/// copying it for each consumer of a slice. The bytes never change for the lifetime of the owner, which is what makes the
/// unchecked conformance to `Sendable` sound.
public struct Bytes: @unchecked Sendable {
  private let owner: AnyObject?
  @usableFromInline let base: UnsafeRawPointer?
  public let count: Int

  /// Views `buffer`, which must stay valid and unchanged for as long as `owner` lives.
  public init(viewing buffer: UnsafeRawBufferPointer, owner: AnyObject) {
    self.owner = owner
    self.base = buffer.baseAddress
    self.count = buffer.count
  }

  /// Views a literal: it lives as long as the program, so that nothing owns it.
  public init(_ literal: StaticString) {
    precondition(literal.hasPointerRepresentation, "a byte literal is longer than one scalar")
    self.owner = nil
    self.base = UnsafeRawPointer(literal.utf8Start)
    self.count = literal.utf8CodeUnitCount
  }

  /// Copies `buffer`.
  public init(copying buffer: UnsafeRawBufferPointer) {
    guard let source = buffer.baseAddress, buffer.count > 0 else {
      self = Bytes.empty
      return
    }
    let storage = ByteStorage(capacity: buffer.count)
    storage.memory.copyMemory(from: source, byteCount: buffer.count)
    self.owner = storage
    self.base = UnsafeRawPointer(storage.memory)
    self.count = buffer.count
  }

  /// Copies several runs behind each other.
  public init(joining parts: [Bytes]) {
    let count = parts.reduce(0) { $0 + $1.count }
    guard count > 0 else {
      self = Bytes.empty
      return
    }
    let storage = ByteStorage(capacity: count)
    var place = 0
    for part in parts {
      if let base = part.base { (storage.memory + place).copyMemory(from: base, byteCount: part.count) }
      place += part.count
    }
    self.init(owner: storage, base: UnsafeRawPointer(storage.memory), count: count)
  }

  public init(_ bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { Bytes(copying: $0) }
  }

  public init(_ text: some StringProtocol) {
    var text = String(text)
    self = text.withUTF8 { Bytes(copying: UnsafeRawBufferPointer($0)) }
  }

  private init(owner: AnyObject?, base: UnsafeRawPointer?, count: Int) {
    self.owner = owner
    self.base = base
    self.count = count
  }

  public static let empty = Bytes(owner: nil, base: nil, count: 0)

  public var isEmpty: Bool { count == 0 }

  /// The bytes are valid only inside `body`.
  @inlinable
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try body(unsafeBuffer)
  }

  @inlinable
  var unsafeBuffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// A slice that shares this value's buffer.
  public func slice(from start: Int, count length: Int) -> Bytes {
    precondition(start >= 0 && length >= 0 && start + length <= count, "a slice lies inside its bytes")
    return Bytes(owner: owner, base: base.map { $0 + start }, count: length)
  }

  /// Whether both view the very same bytes, which says that they are equal without looking at them.
  public func isSameMemory(as other: Bytes) -> Bool { base == other.base && count == other.count }

  /// Where this run begins in `whole`; `nil` when it is not a part of the same memory, or is empty.
  public func offset(in whole: Bytes) -> Int? {
    guard count > 0, let base, let start = whole.base, base >= start, base + count <= start + whole.count else { return nil }
    return base - start
  }

  public var array: [UInt8] { withUnsafeBytes { Array($0) } }

  /// The bytes as text; ill-formed UTF-8 becomes U+FFFD.
  public var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

extension Bytes: Equatable {
  public static func == (left: Bytes, right: Bytes) -> Bool {
    left.withUnsafeBytes { a in right.withUnsafeBytes { b in a.isEqual(b) } }
  }
}

extension Bytes: Hashable {
  public func hash(into hasher: inout Hasher) {
    withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

extension Bytes: CustomStringConvertible {
  public var description: String { text }
}

extension Bytes: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) {
    self.init(value)
  }
}

extension UnsafeRawBufferPointer {
  /// Whether both hold the same bytes.
  public func isEqual(_ other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    var position = 0
    while position + 8 <= count {
      let word = loadUnaligned(fromByteOffset: position, as: UInt64.self)
      guard word == other.loadUnaligned(fromByteOffset: position, as: UInt64.self) else { return false }
      position += 8
    }
    while position < count {
      guard self[position] == other[position] else { return false }
      position += 1
    }
    return true
  }
}

/// Heap memory of a fixed size, released with its last reader.
@usableFromInline
final class ByteStorage: @unchecked Sendable {
  @usableFromInline let memory: UnsafeMutableRawPointer

  init(capacity: Int) {
    memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
  }

  deinit { memory.deallocate() }
}
