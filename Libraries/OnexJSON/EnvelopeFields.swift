import CSimdJSON
import OnexCore

/// The members of one envelope: where each known field's value lies, and the unknown ones as they were written.
///
/// Names and values mean the same however they are escaped: `"op\u0065ration"` is the field `operation`. Otherwise this program and
/// one that stands before it could read two different requests. A name without escapes, which is what every serialiser writes, is
/// looked up where it lies and costs no allocation.
///
/// A value that is `null` counts as absent: most serialisers write an unset field that way.
struct EnvelopeFields {
  let value: Bytes
  let text: UnsafeRawBufferPointer
  private let nodes: UnsafeBufferPointer<onex_json_node>
  /// Where in `nodes` each known field's value stands; 0 (the object itself) for one that is absent. Inline: a request is read without
  /// an allocation.
  private var places = InlineArray<17, UInt32>(repeating: 0)
  /// The unknown members in the order of the text. Their names are written as this program writes them, so that a name has one
  /// spelling here; their values are as they came.
  private(set) var extensions: [RawField] = []
  /// Some name was written with escapes.
  private(set) var hasEscapedNames = false

  /// - Parameter nodes: a walk with record depth 2 over `value`.
  init(
    _ value: Bytes, text: UnsafeRawBufferPointer, nodes: UnsafeBufferPointer<onex_json_node>
  ) throws(JSONError) {
    self.value = value
    self.text = text
    self.nodes = nodes
    guard nodes[0].kind == UInt8(ONEX_JSON_OBJECT.rawValue) else {
      throw JSONError(.notAnObject, "an envelope is a JSON object")
    }
    var index = 1
    while index < nodes.count {
      try add(name: nodes[index], valueAt: index + 1)
      index += 2
    }
    try checkExtensionNames()
  }

  private mutating func add(name: onex_json_node, valueAt place: Int) throws(JSONError) {
    guard name.escaped == 0 else { return try add(escapedName: name, valueAt: place) }
    let quoted = UnsafeRawBufferPointer(rebasing: text[Int(name.start)..<Int(name.start + name.length)])
    guard let field = EnvelopeField(UnsafeRawBufferPointer(rebasing: quoted[1..<quoted.count - 1])) else {
      extensions.append(RawField(name: slice(name), value: slice(nodes[place])))
      return
    }
    try add(field, name, valueAt: place)
  }

  private mutating func add(escapedName name: onex_json_node, valueAt place: Int) throws(JSONError) {
    hasEscapedNames = true
    var plain = try JSONText.string(name, in: text)
    if let field = plain.withUTF8({ EnvelopeField(UnsafeRawBufferPointer($0)) }) {
      try add(field, name, valueAt: place)
    } else {
      // A copy of its exact size: a record can have very many such names.
      let written = JSONValue.string(plain).encoded().withUnsafeBytes { Bytes(copying: $0) }
      extensions.append(RawField(name: written, value: slice(nodes[place])))
    }
  }

  private mutating func add(_ field: EnvelopeField, _ name: onex_json_node, valueAt place: Int) throws(JSONError) {
    guard places[field.rawValue] == 0 else {
      throw JSONError(.duplicateName, "the field \(field.name) occurs twice", offset: Int(name.start))
    }
    places[field.rawValue] = UInt32(place)
  }

  private func checkExtensionNames() throws(JSONError) {
    guard extensions.count > 1 else { return }
    var seen: Set<Bytes> = []
    for field in extensions where !seen.insert(field.name).inserted {
      throw JSONError(.duplicateName, "the field \(field.name.text.prefix(64)) occurs twice")
    }
  }

  /// `nil` when the field is absent or `null`.
  subscript(_ field: EnvelopeField) -> onex_json_node? {
    let place = Int(places[field.rawValue])
    guard place > 0, nodes[place].kind != UInt8(ONEX_JSON_NULL.rawValue) else { return nil }
    return nodes[place]
  }

  func slice(_ node: onex_json_node) -> Bytes { value.slice(from: Int(node.start), count: Int(node.length)) }

  /// Lets `body` read the characters of a string, escapes resolved; `nil` when the value is no string.
  func withText<R>(_ node: onex_json_node, _ body: (UnsafeRawBufferPointer) -> R?) -> R? {
    guard node.kind == UInt8(ONEX_JSON_STRING.rawValue) else { return nil }
    if node.escaped == 0 {
      return body(UnsafeRawBufferPointer(rebasing: text[Int(node.start) + 1..<Int(node.start + node.length) - 1]))
    }
    guard var plain = try? JSONText.string(node, in: text) else { return nil }
    return plain.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }

  var operation: Operation? { self[.operation].flatMap { withText($0) { Operation(utf8: $0) } } }

  func isObject(_ node: onex_json_node) -> Bool { node.kind == UInt8(ONEX_JSON_OBJECT.rawValue) }

  func uuid(_ field: EnvelopeField) -> Field<RawUUID> {
    guard let node = self[field] else { return .absent }
    guard let uuid = withText(node, { RawUUID(ascii: $0) }) else { return .invalid("must be a UUID") }
    return .value(uuid)
  }

  func timestamp(_ field: EnvelopeField) -> Field<Timestamp> {
    guard let node = self[field] else { return .absent }
    guard let timestamp = withText(node, { Timestamp(rfc3339: $0) }) else {
      return .invalid("must be an RFC 3339 timestamp of the years 0000 to 9999 in UTC, such as 2026-11-21T03:48:54Z")
    }
    return .value(timestamp)
  }

  func string(_ field: EnvelopeField, bytesMax: Int) -> Field<String> {
    guard let node = self[field] else { return .absent }
    guard node.kind == UInt8(ONEX_JSON_STRING.rawValue), let string = try? JSONText.string(node, in: text) else {
      return .invalid("must be a string")
    }
    guard string.utf8.count <= bytesMax else { return .invalid("is longer than \(bytesMax) bytes") }
    // PostgreSQL's text holds no NUL, and the key ends up there.
    guard !string.utf8.contains(0) else { return .invalid("contains a NUL character") }
    return .value(string)
  }

  enum Field<Value> {
    case absent
    case value(Value)
    /// What is wrong, continuing "the field x …".
    case invalid(String)

    var optional: Value? {
      if case .value(let value) = self { value } else { nil }
    }
  }
}
