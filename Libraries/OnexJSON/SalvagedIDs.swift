import CSimdJSON
import OnexCore

/// The ids of a record that is no valid JSON document, as far as they can be made out: whoever sent it should hear about it.
///
/// Follows brackets and quotes only, so that an id inside the payload is not mistaken for the envelope's own.
struct SalvagedIDs {
  private(set) var correlationID: RawUUID?
  private(set) var envelopeID: RawUUID?

  init(scanning text: UnsafeRawBufferPointer) {
    var depth = 0
    var position = 0
    while position < text.count, correlationID == nil || envelopeID == nil {
      switch text[position] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        guard let end = SalvagedIDs.closingQuote(text, from: position + 1) else { return }
        if depth == 1 { read(text, name: position + 1..<end) }
        position = end
      default: break
      }
      position += 1
    }
  }

  private mutating func read(_ text: UnsafeRawBufferPointer, name: Range<Int>) {
    let field = SalvagedIDs.field(UnsafeRawBufferPointer(rebasing: text[name]))
    let isCorrelation = field == .correlationID
    guard isCorrelation || field == .envelopeID else { return }
    var position = name.upperBound + 1
    func skipSpace() {
      while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
    }
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: ":") else { return }
    position += 1
    skipSpace()
    guard position + 38 <= text.count, text[position] == UInt8(ascii: "\""), text[position + 37] == UInt8(ascii: "\"")
    else { return }
    let uuid = RawUUID(ascii: UnsafeRawBufferPointer(rebasing: text[position + 1..<position + 37]))
    if isCorrelation { correlationID = correlationID ?? uuid } else { envelopeID = envelopeID ?? uuid }
  }

  /// Every character of the longest name, each written as `\uXXXX`.
  private static let nameBytesMax = 6 * 16

  /// - Parameter name: without its quotes, as it is written.
  private static func field(_ name: UnsafeRawBufferPointer) -> EnvelopeField? {
    guard name.contains(UInt8(ascii: "\\")) else { return EnvelopeField(name) }
    guard name.count <= nameBytesMax else { return nil }
    let node = onex_json_node(start: 0, length: UInt32(name.count + 2), children: 0, kind: 0, escaped: 1)
    let quoted = [UInt8(ascii: "\"")] + Array(name) + [UInt8(ascii: "\"")]
    guard var plain = quoted.withUnsafeBytes({ text in try? JSONText.string(node, in: text) }) else { return nil }
    return plain.withUTF8 { EnvelopeField(UnsafeRawBufferPointer($0)) }
  }

  private static func closingQuote(_ text: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var position = start
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""): return position
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return nil
  }
}
