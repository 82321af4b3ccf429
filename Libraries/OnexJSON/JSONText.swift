import CSimdJSON
import OnexCore

/// Reads the text of string nodes.
enum JSONText {
  /// The characters of the raw string `start..<start+length` of `text`, quotes removed, escapes resolved.
  static func string(_ node: onex_json_node, in text: UnsafeRawBufferPointer) throws(JSONError) -> String {
    let raw = UnsafeRawBufferPointer(rebasing: text[Int(node.start)..<Int(node.start) + Int(node.length)])
    if node.escaped == 0 {
      return String(decoding: raw[1..<raw.count - 1], as: UTF8.self)
    }
    var written = 0
    let unescaped = String(unsafeUninitializedCapacity: raw.count) { target in
      target.withMemoryRebound(to: CChar.self) { target in
        raw.withMemoryRebound(to: CChar.self) { source in
          written = onex_json_unescape(source.baseAddress, source.count, target.baseAddress)
        }
      }
      return written == Int(bitPattern: UInt.max) ? 0 : written
    }
    guard written != Int(bitPattern: UInt.max) else {
      throw JSONError(.syntax, "a string has an invalid escape", offset: Int(node.start))
    }
    return unescaped
  }
}
