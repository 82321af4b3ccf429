import OnexCore
import OnexJSON

/// The answer of `http.*`: `{"status", "url", "headers", "body" | "body_base64"}`.
enum HTTPAnswer {
  static func encode(_ response: HTTPClientResponse) -> Bytes {
    var writer = JSONWriter(capacity: response.body.count + 1024)
    writer.beginObject()
    writer.name("status" as StaticString)
    writer.integer(Int64(response.status))
    writer.name("url" as StaticString)
    writer.string(response.url)
    writer.name("headers" as StaticString)
    writer.beginObject()
    for header in merged(response.headers) {
      writer.name(header.name)
      writer.string(header.value)
    }
    writer.endObject()
    if let text = text(of: response.body) {
      writer.name("body" as StaticString)
      writer.string(text)
    } else {
      writer.name("body_base64" as StaticString)
      writer.string(Base64.encode(response.body))
    }
    writer.endObject()
    return writer.finish()
  }

  /// Names in lower case, in order of first appearance; values of one name joined (RFC 9110 section 5.3). Names are the same
  /// when their bytes are, but for the case of ASCII letters.
  private static func merged(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
    var merged: [(name: String, value: String)] = []
    var places: [[UInt8]: Int] = [:]
    for header in headers {
      let name = header.name.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
      if let place = places[name] {
        merged[place].value += ", " + header.value
      } else {
        places[name] = merged.count
        merged.append((String(decoding: name, as: UTF8.self), header.value))
      }
    }
    return merged
  }

  /// `nil` when the bytes are no valid UTF-8: repairing them would change them.
  private static func text(of body: Bytes) -> String? {
    body.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
  }
}
