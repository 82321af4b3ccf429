import OnexCore

/// A topic as a channel, with its settings as Kafka's channel binding.
enum AsyncAPIChannel {
  static func value(_ topic: TopicDeclaration, _ message: MessageKind, _ catalogue: TopicCatalogue) -> JSONValue {
    let name = topic.name.description
    var channel = JSONObject([("address", .string(name))])
    if let original = catalogue.original(ofTwin: topic) {
      channel.append("description", .string("Records of \(original) that could not be processed, with their cause."))
    } else if let description = topic.description {
      channel.append("description", .string(description))
    }
    channel.append(
      "messages",
      .object(JSONObject([(message.rawValue, AsyncAPIDocument.reference("components", "messages", message.rawValue))])))
    channel.append("bindings", ["kafka": binding(topic)])
    if let owner = topic.owner { channel.append("x-owner", .string(owner)) }
    channel.append("x-protected", .boolean(topic.isProtected))
    return .object(channel)
  }

  private static func binding(_ topic: TopicDeclaration) -> JSONValue {
    var binding = JSONObject([
      ("topic", .string(topic.name.description)), ("partitions", .integer(topic.partitions)),
      ("replicas", .integer(topic.replicationFactor)),
    ])
    let configuration = configuration(topic)
    if !configuration.isEmpty { binding.append("topicConfiguration", .sorted(configuration)) }
    binding.append("bindingVersion", AsyncAPIDocument.bindingVersion)
    return .object(binding)
  }

  /// The settings that the binding has a field for, as far as their values are what it allows.
  private static func configuration(_ topic: TopicDeclaration) -> [(String, JSONValue)] {
    var members: [(String, JSONValue)] = []
    let policies = TopicSettingText.policies(topic)
    if !policies.isEmpty { members.append(("cleanup.policy", .array(policies.map { .string($0) }))) }
    let floors = ["retention.ms": -1, "retention.bytes": -1, "delete.retention.ms": 0, "max.message.bytes": 0]
    for (name, floor) in floors {
      guard let number = topic.configuration[name].flatMap({ Int64($0) }), number >= floor else { continue }
      members.append((name, .integer(number)))
    }
    return members
  }
}
