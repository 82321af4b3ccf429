import OnexCore
import OnexJSON
import OnexKernel

/// `transform.select`, `transform.rename` and `transform.map`: reshapes JSON (docs/reference/handlers.md has the payloads).
public struct TransformHandler: ComputeHandler {
  public init(_ setup: HandlerSetup) {}

  public init() {}

  public func compute(_ request: HandlerRequest) throws -> Bytes {
    let payload = try request.json()
    switch request.operation.name {
    case "transform.select": return try select(payload)
    case "transform.rename": return try rename(payload)
    case "transform.map": return try map(payload)
    default:
      throw HandlerError.unknownOperation(
        request.operation, known: ["transform.select", "transform.rename", "transform.map"])
    }
  }

  private func select(_ payload: JSONValue) throws -> Bytes {
    let place = JSONPointer(["fields"])
    guard let fields = payload["fields"]?.array else {
      throw HandlerError.invalidPayload(at: place, payload["fields"], expected: "an array of paths")
    }
    var paths: [DottedPath] = []
    for (index, field) in fields.enumerated() {
      guard let text = field.string else {
        throw HandlerError.invalidPayload(at: place.appending(index), field, expected: "a string, a path")
      }
      paths.append(try DottedPath(text, at: place.appending(index)))
    }
    let selection = Selection(paths)
    return try reshape(payload) { object, _ in selection.apply(to: object) }
  }

  private func rename(_ payload: JSONValue) throws -> Bytes {
    guard let fields = payload["fields"]?.object else {
      throw HandlerError.invalidPayload(at: JSONPointer(["fields"]), payload["fields"], expected: "an object of new names")
    }
    let renaming = try Renaming(fields)
    return try reshape(payload) { object, place throws(HandlerError) in try renaming.apply(to: object, at: place()) }
  }

  private func map(_ payload: JSONValue) throws -> Bytes {
    guard let elements = payload["data"]?.array else {
      throw HandlerError.invalidPayload(at: JSONPointer(["data"]), payload["data"], expected: "an array")
    }
    guard let text = payload["template"], text.object != nil else {
      throw HandlerError.invalidPayload(at: JSONPointer(["template"]), payload["template"], expected: "an object")
    }
    let template = try Template(text, at: JSONPointer(["template"]))
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("data" as StaticString)
    writer.beginArray()
    var parts = 0
    for element in elements {
      try Task.checkCancellation()
      try template.write(element, to: &writer, &parts)
    }
    writer.endArray()
    writer.endObject()
    return writer.finish()
  }

  /// Applies `change` to `data`, or to each of its elements when it is an array: a new name comes out as often as there are elements.
  private func reshape(
    _ payload: JSONValue, _ change: (JSONObject, () -> JSONPointer) throws(HandlerError) -> JSONObject
  ) throws -> Bytes {
    let place = JSONPointer(["data"])
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("data" as StaticString)
    switch payload["data"] {
    case .object(let object):
      writer.value(.object(try change(object) { place }))
    case .array(let elements):
      writer.beginArray()
      for (index, element) in elements.enumerated() {
        try Task.checkCancellation()
        guard let object = element.object else {
          throw HandlerError.invalidPayload(at: place.appending(index), element, expected: "an object")
        }
        writer.value(.object(try change(object) { place.appending(index) }))
        try OutputBound.check(writer.count)
      }
      writer.endArray()
    default:
      throw HandlerError.invalidPayload(at: place, payload["data"], expected: "an object or an array of objects")
    }
    writer.endObject()
    return writer.finish()
  }
}
