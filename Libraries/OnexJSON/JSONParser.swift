import CSimdJSON
import OnexCore

/// A reusable parser over simdjson (`Libraries/C/CSimdJSON`). One instance serves one task at a time and keeps its buffers, so
/// that a batch of envelopes costs no allocation a message.
public struct JSONParser: ~Copyable {
  /// Nesting that is accepted in a document; deeper ones are refused before anything recursive sees them.
  public static let depthMax = 64

  private let handle: OpaquePointer

  public init() {
    guard let handle = onex_json_parser_new() else { preconditionFailure("out of memory for a JSON parser") }
    self.handle = handle
  }

  deinit { onex_json_parser_free(handle) }

  /// Validates the whole of `text` and hands `body` its nodes down to `recordDepth` in document order.
  mutating func walk<R>(
    _ text: UnsafeRawBufferPointer, recordDepth: Int = .max, depthMax: Int = JSONParser.depthMax,
    _ body: (UnsafeBufferPointer<onex_json_node>) throws(JSONError) -> R
  ) throws(JSONError) -> R {
    var nodes: UnsafePointer<onex_json_node>?
    var count = 0
    var errorAt = 0
    let start = text.baseAddress?.assumingMemoryBound(to: CChar.self)
    let status = onex_json_walk(
      handle, start, text.count, UInt32(clamping: recordDepth), UInt32(clamping: depthMax), &nodes, &count, &errorAt)
    guard status == ONEX_JSON_OK else { throw JSONParser.error(status, errorAt, depthMax) }
    return try body(UnsafeBufferPointer(start: nodes, count: count))
  }

  private static func error(_ status: onex_json_status, _ offset: Int, _ depthMax: Int) -> JSONError {
    let place = offset > 0 ? offset : nil
    switch status {
    case ONEX_JSON_EMPTY: return JSONError(.empty, "there is no JSON document")
    case ONEX_JSON_UTF8: return JSONError(.invalidUTF8, "the text is not valid UTF-8")
    case ONEX_JSON_CONTROL_CHARACTER:
      return JSONError(.controlCharacter, "a string contains a control character that must be escaped", offset: place)
    case ONEX_JSON_TOO_DEEP: return JSONError(.tooDeep, "the document is nested deeper than \(depthMax) levels", offset: place)
    case ONEX_JSON_TOO_LARGE: return JSONError(.tooLarge, "the document is too large to be parsed")
    case ONEX_JSON_MEMORY: return JSONError(.tooLarge, "there is no memory to parse the document")
    default: return JSONError(.syntax, "the text is not valid JSON", offset: place)
    }
  }
}
