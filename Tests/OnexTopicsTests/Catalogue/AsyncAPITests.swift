import OnexCore
import OnexYAML
import Testing

@testable import OnexTopics

@Suite struct AsyncAPITests {
  private func document(_ catalogue: TopicCatalogue) -> AsyncAPIDocument {
    AsyncAPIDocument(catalogue: catalogue, version: "1.2.3")
  }

  private func references(in value: JSONValue) -> [String] {
    switch value {
    case .object(let object):
      object.members.flatMap { member in
        // A property may have the name $ref; a reference's value is text.
        if member.name == "$ref", let text = member.value.string { [text] } else { references(in: member.value) }
      }
    case .array(let elements): elements.flatMap { references(in: $0) }
    default: []
    }
  }

  private func expectEveryReferenceResolves(_ value: JSONValue) throws {
    for reference in references(in: value) {
      let path = try #require(JSONPointer(reference.dropFirst()), "\(reference)")
      #expect(reference.hasPrefix("#/") && path.resolve(in: value) != nil, "there is nothing at \(reference)")
    }
  }

  @Test func theTextIsYAMLAndEveryReferenceLeadsSomewhere() throws {
    let document = document(try CatalogueScene.repository())
    let read = try YAML.parse(Bytes(document.text), file: "asyncapi.yaml").toJSON(file: "asyncapi.yaml")
    #expect(read == document.value)
    try expectEveryReferenceResolves(read)
    #expect(references(in: read).contains("#/components/schemas/transform.select.input/$defs/objects"))
    #expect(read["asyncapi"] == "3.0.0" && read["info"]?["version"] == "1.2.3")
  }

  @Test func everyTopicIsAChannelAndEveryOperationHasOne() throws {
    let catalogue = try CatalogueScene.repository()
    let value = document(catalogue).value
    let channels = try #require(value["channels"]?.object)
    #expect(channels.members.map(\.name) == catalogue.topics.map(\.name.description))
    for channel in channels.members {
      #expect(channel.value["address"] == .string(channel.name))
      #expect(channel.value["messages"]?.object?.count == 1)
    }
    let operations = try #require(value["operations"]?.object)
    #expect(!operations.isEmpty)
    for operation in operations.members {
      let channel = try #require(operation.value["channel"]?["$ref"]?.string?.split(separator: "/").last.map(String.init))
      #expect(channels[channel] != nil, "\(operation.name)")
      #expect(["send", "receive"].contains(operation.value["action"]), "\(operation.name)")
    }
    let receive = try #require(operations["runtime-main.receive.requests"])
    #expect(receive["bindings"]?["kafka"]?["groupId"]?["default"] == "onex-runtime-main")
    #expect(operations["runtime-main.send.requests.dlq"]?["action"] == "send")
  }

  @Test func settingsAreKafkasChannelBinding() throws {
    let topic = try CatalogueScene.topic(
      "t",
      configuration: [
        "cleanup.policy": "delete,compact", "retention.ms": "-1", "retention.bytes": "10", "delete.retention.ms": "5",
        "max.message.bytes": "many", "segment.ms": "7",
      ])
    let kafka = document(CatalogueScene.catalogue([topic])).value["channels"]?["t"]?["bindings"]?["kafka"]
    #expect(
      kafka == [
        "topic": "t", "partitions": 3, "replicas": 2,
        "topicConfiguration": [
          "cleanup.policy": ["compact", "delete"], "retention.ms": -1, "retention.bytes": 10, "delete.retention.ms": 5,
        ],
        "bindingVersion": "0.5.0",
      ])
  }

  @Test func whatARecordIsFollowsFromItsTopic() throws {
    let catalogue = try CatalogueScene.repository()
    func kind(_ name: String) throws -> MessageKind {
      MessageKind(of: try #require(catalogue.topics.first { $0.name.description == name }), in: catalogue)
    }
    #expect(try kind("worker-requests") == .request && kind("responses") == .response && kind("requests.dlq") == .deadLetter)
    #expect(try kind("agent-actions") == .agentEvent && kind("onex.evt.agent.status.v1") == .agentCloudEvent)
    #expect(try kind("onex.intent.platform.runtime-tick.v1") == .cloudEvent)
    let payload = MessageKind.agentEvent.value["payload"]
    #expect(payload?["type"] == "object" && payload?["description"]?.string?.contains("docs/reference/observability.md") == true)
  }

  @Test func theRequestsSchemaLeadsToEachOperationsOwn() throws {
    let shared = OperationSettings(inputSchema: try CatalogueScene.schema(["type": "object", "title": "shared"]))
    let own = OperationSettings(inputSchema: try CatalogueScene.schema(["type": "object", "title": "own"]))
    let operations = [
      OperationContract(try #require(Operation("h.one")), settings: shared),
      OperationContract(try #require(Operation("h.two")), settings: own),
    ]
    let listed = try CatalogueScene.handler("h", .compute, operations: .listed(operations), settings: shared)
    let prefixed = try CatalogueScene.handler("p", .effect, settings: own)
    let value = document(CatalogueScene.catalogue([try CatalogueScene.topic("requests")], [listed, prefixed])).value
    try expectEveryReferenceResolves(value)
    let schemas = try #require(value["components"]?["schemas"])
    let conditions = try #require(schemas["request"]?["allOf"]?.array)
    let found = conditions.map { condition in
      let operation = condition["if"]?["properties"]?["operation"]
      return [
        (operation?["const"] ?? operation?["pattern"])?.string, condition["then"]?["properties"]?["payload"]?["$ref"]?.string,
      ]
    }
    #expect(
      found == [
        ["h.one", "#/components/schemas/h.input"], ["h.two", "#/components/schemas/h.two.input"],
        ["^p\\.", "#/components/schemas/p.input"],
      ])
    #expect(schemas["h.two.input"]?["title"] == "own" && schemas["h.input"]?["title"] == "shared")
  }

  @Test func aContractsSchemaKeepsItsMeaningInsideTheDocument() throws {
    let schema: JSONValue = [
      "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "type": "array",
      "prefixItems": [["$ref": "#/$defs/a"]], "items": ["anyOf": [["$ref": "#"], ["const": ["$ref": "#/not-a-reference"]]]],
      "$defs": ["a": ["properties": ["$ref": ["type": "string"], "items": ["$ref": "#/$defs/a"]]]],
    ]
    #expect(
      EmbeddedSchema.value(try CatalogueScene.schema(schema), component: "c") == [
        "type": "array", "items": [["$ref": "#/components/schemas/c/$defs/a"]],
        "additionalItems": ["anyOf": [["$ref": "#/components/schemas/c"], ["const": ["$ref": "#/not-a-reference"]]]],
        "$defs": ["a": ["properties": ["$ref": ["type": "string"], "items": ["$ref": "#/components/schemas/c/$defs/a"]]]],
      ])
  }

  @Test func keywordsThatDraft7DoesNotKnowGetItsNames() throws {
    let schema: JSONValue = [
      "$id": "https://example.com/a", "if": ["$ref": "#x"], "then": ["propertyNames": ["$ref": "name"]],
      "else": ["patternProperties": ["^a": ["$ref": "#/prefixItems/0"]]], "prefixItems": [["type": "string"]],
      "items": ["$ref": "#/dependentSchemas/b"], "contains": ["$ref": "#/items"], "minContains": 0,
      "dependentRequired": ["a": ["b"], "b": ["c"]], "dependentSchemas": ["b": ["minProperties": 2]],
      "unevaluatedProperties": ["$ref": "#/contains"], "unevaluatedItems": false,
      "$defs": ["x": ["$anchor": "x", "$ref": "name", "maxLength": 5], "name": ["$id": "name", "type": "string"]],
    ]
    func reference(_ path: String) -> JSONValue { ["$ref": .string("#/components/schemas/c/" + path)] }
    let embedded = EmbeddedSchema.value(try CatalogueScene.schema(schema), component: "c")
    #expect(
      embedded == [
        "if": reference("$defs/x"), "then": ["propertyNames": reference("$defs/name")],
        "else": ["patternProperties": ["^a": reference("items/0")]], "items": [["type": "string"]],
        "additionalItems": reference("dependencies/b/allOf/0"), "x-contains": reference("additionalItems"), "minContains": 0,
        "dependencies": ["a": ["b"], "b": ["allOf": [["minProperties": 2], ["required": ["c"]]]]],
        "unevaluatedProperties": reference("x-contains"), "unevaluatedItems": false,
        "$defs": ["x": ["maxLength": 5, "allOf": [reference("$defs/name")]], "name": ["type": "string"]],
      ])
    let document: JSONValue = ["components": ["schemas": ["c": embedded]]]
    try expectEveryReferenceResolves(document)
  }
}
