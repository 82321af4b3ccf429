/// Graphviz's DOT language (graphviz.org/doc/info/lang.html).
extension TopicGraph {
  var dot: String {
    var lines = ["digraph topics {", "  rankdir=LR;", "  node [shape=box];"]
    lines += outside.map { "  \(TopicGraph.node($0)) [label=\(TopicGraph.quoted($0.name)), shape=oval];" }
    for group in groups {
      lines.append("  subgraph \(TopicGraph.quoted("cluster_" + group.service.name)) {")
      lines.append("    label=\(TopicGraph.quoted(group.service.name));")
      lines += ([group.service] + group.handlers).map {
        "    \(TopicGraph.node($0)) [label=\(TopicGraph.quoted(TopicGraph.caption($0)))];"
      }
      lines.append("  }")
    }
    lines += topics.map { "  \(TopicGraph.node($0)) [label=\(TopicGraph.quoted($0)), shape=cylinder];" }
    lines += links.map { link in
      let (who, topic) = (TopicGraph.node(link.participant), TopicGraph.node(link.topic))
      return switch link.direction {
      case .reads: "  \(topic) -> \(who);"
      case .writes: "  \(who) -> \(topic);"
      case .deadLetters: "  \(who) -> \(topic) [style=dashed];"
      }
    }
    lines.append("}")
    return lines.map { $0 + "\n" }.joined()
  }

  private static func node(_ topic: String) -> String { quoted("topic:" + topic) }

  private static func node(_ participant: TopicParticipant) -> String {
    switch participant.role {
    case .service: quoted("service:" + participant.name)
    case .handler: quoted("handler:" + participant.name)
    case .outside: quoted("outside:" + participant.name)
    }
  }

  /// A double-quoted id: only the quote needs an escape, and a backslash would begin one.
  private static func quoted(_ text: String) -> String {
    let escapes: [Character: String] = ["\"": "\\\"", "\\": "\\\\", "\n": " "]
    return "\"" + text.map { escapes[$0] ?? String($0) }.joined() + "\""
  }
}
