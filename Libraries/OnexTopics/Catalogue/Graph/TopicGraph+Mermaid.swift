/// Mermaid's flowchart notation (mermaid.js.org/syntax/flowchart).
extension TopicGraph {
  var mermaid: String {
    var lines = ["flowchart LR"]
    lines += outside.map { "  \(TopicGraph.id($0))([\(TopicGraph.label($0.name))])" }
    for group in groups {
      lines.append("  subgraph \(TopicGraph.id("group", group.service.name))[\(TopicGraph.label(group.service.name))]")
      lines += ([group.service] + group.handlers).map { "    \(TopicGraph.id($0))[\(TopicGraph.label(TopicGraph.caption($0)))]" }
      lines.append("  end")
    }
    lines += topics.map { "  \(TopicGraph.id("topic", $0))[(\(TopicGraph.label($0)))]" }
    lines += links.map { link in
      let (who, topic) = (TopicGraph.id(link.participant), TopicGraph.id("topic", link.topic))
      return switch link.direction {
      case .reads: "  \(topic) --> \(who)"
      case .writes: "  \(who) --> \(topic)"
      case .deadLetters: "  \(who) -.-> \(topic)"
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  static func caption(_ participant: TopicParticipant) -> String {
    if case .handler(let kind, _) = participant.role { "\(participant.name) (\(kind.rawValue))" } else { participant.name }
  }

  private static func id(_ participant: TopicParticipant) -> String {
    switch participant.role {
    case .service: id("service", participant.name)
    case .handler: id("handler", participant.name)
    case .outside: id("outside", participant.name)
    }
  }

  /// Letters and digits as they are, everything else as its number, so that different names stay different and no name is a word of
  /// the notation. Made from the name alone: a new topic does not rename the others.
  private static func id(_ prefix: String, _ name: String) -> String {
    prefix + "_"
      + name.unicodeScalars.map { scalar in
        let isPlain = scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        return isPlain ? String(scalar) : "_\(String(scalar.value, radix: 16))_"
      }.joined()
  }

  /// Quoted; inside, quotes and what begins an entity are entities themselves.
  private static func label(_ text: String) -> String {
    let entities: [Character: String] = ["\"": "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "\n": " "]
    return "\"" + text.map { entities[$0] ?? String($0) }.joined() + "\""
  }
}
