import OnexCommandLine
import OnexCore

/// docs/reference/asyncapi.yaml: the catalogue for machines, as AsyncAPI 3.0 (asyncapi.com/docs/reference/specification/v3.0.0) with
/// Kafka bindings 0.5.0.
struct AsyncAPIDocument {
  static let version = "3.0.0"
  static let bindingVersion: JSONValue = "0.5.0"

  let catalogue: TopicCatalogue
  let version: String

  var text: String {
    "# Generated from the contracts by `\(CatalogueDocument.refreshCommand)`: change those, not this file.\n"
      + IndentedYAML.text(value)
  }

  var value: JSONValue {
    let schemas = OperationSchemas(catalogue.handlers)
    let messages = catalogue.topics.map { MessageKind(of: $0, in: catalogue) }
    return [
      "asyncapi": .string(AsyncAPIDocument.version),
      "info": [
        "title": "ONEX runtime",
        "version": .string(version),
        "description": "Every topic that the contracts declare, and what the runtime's services read from and write to it.",
        "license": ["name": "MIT"],
      ],
      "defaultContentType": "application/json",
      "channels": .sorted(
        zip(catalogue.topics, messages).map { ($0.name.description, AsyncAPIChannel.value($0, $1, catalogue)) }),
      "operations": AsyncAPIOperations.value(catalogue),
      "components": [
        "messages": .sorted(MessageKind.allCases.filter(messages.contains).map { ($0.rawValue, $0.value) }),
        "schemas": .sorted(schemas.components + EnvelopeSchemas.components(schemas)),
      ],
    ]
  }

  static func reference(_ path: String...) -> JSONValue { ["$ref": .string("#\(JSONPointer(path))")] }
}

extension JSONValue {
  /// An object whose members stand in the order of their names.
  static func sorted(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(members.sorted { $0.0 < $1.0 }))
  }
}
