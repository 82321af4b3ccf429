/// Text that came from outside, as a key: two are equal when their UTF-8 bytes are.
///
/// This is the one rule for the identity of text in the runtime: keys of streams and projections, idempotency keys, names of JSON
/// members, YAML keys, topics, headers, operations and file names are compared by bytes, as Kafka, PostgreSQL and the file system
/// compare them. `String` itself compares by canonical equivalence (Unicode Standard Annex 15), for which "é" as U+00E9 and "é" as
/// "e" and U+0301 are one text, and so are "K" and the Kelvin sign U+212A. Dictionaries and sets of outside text therefore have
/// `ExactText` as their key, and comparisons use `isExactly`. Comparing with a constant of ASCII letters other than a capital K is
/// the same either way.
public struct ExactText: Sendable {
  public let text: String

  @inlinable
  public init(_ text: String) { self.text = text }
}

extension ExactText: Hashable {
  @inlinable
  public static func == (left: ExactText, right: ExactText) -> Bool { left.text.isExactly(right.text) }

  public func hash(into hasher: inout Hasher) { text.hashBytes(into: &hasher) }
}

extension ExactText: Comparable {
  /// The order of the bytes, which for UTF-8 is the order of the Unicode scalars: what PostgreSQL's collation "C" sorts by.
  public static func < (left: ExactText, right: ExactText) -> Bool { left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
}

extension ExactText: ExpressibleByStringLiteral, CustomStringConvertible {
  public init(stringLiteral value: String) { self.init(value) }

  public var description: String { text }
}

extension String {
  /// Whether both texts are the same UTF-8 bytes (`ExactText`).
  @inlinable
  public func isExactly(_ other: String) -> Bool {
    let left = utf8
    let right = other.utf8
    guard left.count == right.count else { return false }
    let isEqual = left.withContiguousStorageIfAvailable { a in
      right.withContiguousStorageIfAvailable { b in UnsafeRawBufferPointer(a).isEqual(UnsafeRawBufferPointer(b)) }
    }
    if case .some(.some(let isEqual)) = isEqual { return isEqual }
    return left.elementsEqual(right)
  }

  /// Feeds the UTF-8 bytes, and how many there are, so that texts that follow each other cannot run together.
  func hashBytes(into hasher: inout Hasher) {
    hasher.combine(utf8.count)
    var text = self
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
