import OnexCore
import OnexJSON
import OnexKernel

/// The template of `transform.map`: what each element becomes.
///
/// A string that begins with `$.` stands for what that path leads to in the element, or `null`; `$` alone for the whole element.
/// Objects and arrays are templates of their own members; everything else stands for itself.
indirect enum Template: Sendable {
  case constant(JSONValue)
  case element
  case path(DottedPath)
  case array([Template])
  case object([(name: String, value: Template)])

  init(_ value: JSONValue, at place: JSONPointer) throws(HandlerError) {
    switch value {
    case .string("$"):
      self = .element
    case .string(let text) where text.utf8.starts(with: "$.".utf8):
      self = .path(try DottedPath(String(Substring(text.utf8.dropFirst(2))), at: place))
    case .array(let elements):
      var templates: [Template] = []
      for (index, element) in elements.enumerated() { templates.append(try Template(element, at: place.appending(index))) }
      self = .array(templates)
    case .object(let object):
      var members: [(name: String, value: Template)] = []
      for member in object.members {
        members.append((member.name, try Template(member.value, at: place.appending(member.name))))
      }
      self = .object(members)
    default:
      self = .constant(value)
    }
  }

  /// Parts that are written between two looks at whether the request was cancelled.
  private static let checkInterval = 1024

  /// Writes what `element` becomes. A small payload can name one large element a thousand times, so that the size is looked at
  /// after each part and not when all is written.
  ///
  /// - Parameter parts: counts the parts of all elements.
  /// - Throws: `CancellationError`, also in the middle of an element; `OUTPUT_TOO_LARGE`.
  func write(_ element: JSONValue, to writer: inout JSONWriter, _ parts: inout Int) throws {
    parts += 1
    if parts % Template.checkInterval == 0 { try Task.checkCancellation() }
    switch self {
    case .constant(let value): writer.value(value)
    case .element: writer.value(element)
    case .path(let path): writer.value(path.resolve(in: element) ?? .null)
    case .array(let templates):
      writer.beginArray()
      for template in templates { try template.write(element, to: &writer, &parts) }
      writer.endArray()
    case .object(let members):
      writer.beginObject()
      for member in members {
        writer.name(member.name)
        try member.value.write(element, to: &writer, &parts)
      }
      writer.endObject()
    }
    try OutputBound.check(writer.count)
  }
}
