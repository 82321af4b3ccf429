import OnexCore

/// docs/reference/topics.md: the catalogue for people.
struct TopicReference {
  let catalogue: TopicCatalogue

  var text: String {
    ([head] + owners.map(section) + [letters, handlers, graph]).filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var head: String {
    """
    # Topics

    Generated from the contracts by `\(CatalogueDocument.refreshCommand)`: change those, not this page. What a declaration may say:
    [topic declarations](topic-declarations.md). The same for machines, with the messages' schemas: [asyncapi.yaml](asyncapi.yaml).

    Names in parentheses are the handlers whose contracts name the topic; they run in the service before them. A dash: nobody here.

    """
  }

  private static let noOwner = "Without an owner"

  private var owners: [(name: String, topics: [TopicDeclaration])] {
    let originals = catalogue.topics.filter { catalogue.original(ofTwin: $0) == nil }
    return Dictionary(grouping: originals) { $0.owner ?? TopicReference.noOwner }
      .map { (name: $0.key, topics: $0.value) }.sorted { $0.name < $1.name }
  }

  private func section(_ owner: (name: String, topics: [TopicDeclaration])) -> String {
    var table = MarkdownTable([
      "topic", "partitions", "replicas", "retention", "largest message", "protected", "dead letters", "CloudEvents", "read by",
      "written by", "description",
    ])
    for topic in owner.topics {
      let name = topic.name.description
      table.add([
        name, String(topic.partitions), String(topic.replicationFactor), TopicSettingText.retention(topic),
        TopicSettingText.messageSize(topic), topic.isProtected ? "yes" : "no",
        catalogue.hasTwin(topic) ? Topics.deadLetters(of: name) : "—", topic.hasCloudEvents ? "binary" : "no",
        people(.reads, name), people(.writes, name), topic.description ?? "",
      ])
    }
    return "## \(MarkdownTable.escaped(owner.name))\n\n" + table.text
  }

  private var letters: String {
    var table = MarkdownTable(["topic", "partitions", "replicas", "retention", "largest message", "written by"])
    let twins = catalogue.topics.filter { catalogue.original(ofTwin: $0) != nil }
    for twin in twins {
      table.add([
        twin.name.description, String(twin.partitions), String(twin.replicationFactor), TopicSettingText.retention(twin),
        TopicSettingText.messageSize(twin), people(.deadLetters, twin.name.description),
      ])
    }
    guard !twins.isEmpty else { return "" }
    return """
      ## Dead letters

      Records that could not be processed, with their cause: [dead letters](../operations/dead-letters.md).


      """ + table.text
  }

  private var handlers: String {
    var table = MarkdownTable(["handler", "type", "runs in", "reads", "writes", "description"])
    for contract in catalogue.handlers {
      table.add([
        contract.name, contract.kind.rawValue, ServiceTopics.host(of: contract.kind), list(contract.eventBus.subscribeTopics),
        list(contract.eventBus.publishTopics), contract.description ?? "",
      ])
    }
    return catalogue.handlers.isEmpty ? "" : "## Handlers\n\n" + table.text
  }

  private var graph: String {
    """
    ## Who reads and writes what

    Dashed lines are dead letters. Topics that nobody here reads or writes are not drawn. For Graphviz: `topic-manager graph --format dot`.

    ```mermaid
    \(TopicGraph(catalogue).text(.mermaid))```

    """
  }

  private func list(_ topics: [TopicName]) -> String {
    topics.isEmpty ? "—" : Set(topics.map(\.description)).sorted().joined(separator: ", ")
  }

  /// `clients, runtime-worker (echo, hash)`; a handler whose service does not deal with the topic by itself: `runtime-worker: hash`.
  private func people(_ direction: TopicLink.Direction, _ topic: String) -> String {
    let linked = catalogue.links(direction, topic)
    let hosts = catalogue.participants.filter { $0.host == nil || $0.isService }
    let words = hosts.compactMap { host -> String? in
      guard host.isService else { return linked.contains(host) ? host.name : nil }
      let handlers = linked.filter { !$0.isService && $0.host == host.name }.map(\.name).joined(separator: ", ")
      if linked.contains(host) { return handlers.isEmpty ? host.name : "\(host.name) (\(handlers))" }
      return handlers.isEmpty ? nil : "\(host.name): \(handlers)"
    }
    return words.isEmpty ? "—" : words.joined(separator: ", ")
  }
}
