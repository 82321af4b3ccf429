import OnexCore
import OnexKernel

/// A path into a JSON value as payloads write it: member names joined by dots (`user.address.city`). A segment of digits
/// indexes an array; in an object it is a member's name like any other.
struct DottedPath: Sendable {
  /// Deeper than any document that the parser accepts.
  static let segmentsMax = 64

  let segments: [String]
  /// The segments that can index an array.
  private let indices: [Int?]

  /// - Parameter place: where in the payload the path was written, for the error.
  init(_ text: String, at place: @autoclosure () -> JSONPointer) throws(HandlerError) {
    // By bytes: a dot that a combining mark follows is a dot, although Swift takes both for one character.
    let segments = text.utf8.split(
      separator: UInt8(ascii: "."), maxSplits: DottedPath.segmentsMax, omittingEmptySubsequences: false
    )
    .map { String(Substring($0)) }
    guard segments.allSatisfy({ !$0.isEmpty }) else {
      throw HandlerError.invalidPayload(at: place(), "is no path: member names joined by dots, none of them empty")
    }
    guard segments.count <= DottedPath.segmentsMax else {
      throw HandlerError.invalidPayload(
        at: place(), "has more than \(DottedPath.segmentsMax) segments")
    }
    self.segments = segments
    self.indices = segments.map(DottedPath.index)
  }

  /// `nil` when the path leads nowhere.
  func resolve(in root: JSONValue) -> JSONValue? {
    var value = root
    for (segment, index) in zip(segments, indices) {
      switch value {
      case .object(let object):
        guard let member = object[segment] else { return nil }
        value = member
      case .array(let elements):
        guard let index, index < elements.count else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value
  }

  /// A segment as an array's index; `nil` when it is none. `01` is none: each index has one spelling (as in RFC 6901 section 4).
  static func index(_ segment: String) -> Int? {
    guard segment.utf8.allSatisfy({ (48...57).contains($0) }), segment == "0" || segment.utf8.first != 48 else { return nil }
    return Int(segment)
  }
}
