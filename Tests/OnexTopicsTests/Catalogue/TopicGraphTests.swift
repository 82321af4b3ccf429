import OnexCore
import Testing

@testable import OnexTopics

@Suite struct TopicGraphTests {
  /// Each line of a flowchart is one of these, with the ids it defines or uses.
  private struct Flowchart {
    var groups: [String: [String]] = [:]
    var labels: [String: String] = [:]
    var edges: [(from: String, to: String, isDashed: Bool)] = []

    init(_ text: String) throws {
      var lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }[...]
      try #require(lines.popFirst() == "flowchart LR")
      var open: String?
      while let line = lines.popFirst() {
        if line == "end" {
          try #require(open != nil)
          open = nil
        } else if let match = line.wholeMatch(of: #/subgraph (\w+)\["([^"]*)"\]/#) {
          try #require(open == nil)
          open = String(match.2)
          groups[String(match.2)] = []
        } else if let match = line.wholeMatch(of: #/(\w+) (-->|-\.->) (\w+)/#) {
          edges.append((String(match.1), String(match.3), match.2 == "-.->"))
        } else {
          let match = try #require(line.wholeMatch(of: #/(\w+)(?:\[|\(\[|\[\()"([^"]*)"(?:\]|\]\)|\)\])/#), "\(line)")
          try #require(labels.updateValue(String(match.2), forKey: String(match.1)) == nil, "\(match.1) is defined twice")
          if let open { groups[open, default: []].append(String(match.2)) }
        }
      }
      try #require(open == nil)
    }

    func has(_ from: String, _ to: String, isDashed: Bool = false) -> Bool {
      edges.contains { labels[$0.from] == from && labels[$0.to] == to && $0.isDashed == isDashed }
    }
  }

  @Test func theRepositorysFlowchartIsWellFormed() throws {
    let chart = try Flowchart(TopicGraph(try CatalogueScene.repository()).text(.mermaid))
    for edge in chart.edges { #expect(chart.labels[edge.from] != nil && chart.labels[edge.to] != nil, "\(edge)") }
    #expect(chart.groups["runtime-worker"]?.first == "runtime-worker")
    #expect(chart.groups["runtime-worker"]?.contains("hash (compute)") == true)
    #expect(chart.groups["runtime-effects"]?.contains("http (effect)") == true)
    #expect(chart.groups["runtime-main"]?.contains("document (orchestrator)") == true)
    #expect(chart.has("worker-requests", "hash (compute)") && chart.has("hash (compute)", "worker-responses"))
    #expect(chart.has("clients", "requests") && chart.has("requests", "runtime-main"))
    #expect(chart.has("runtime-effects", "effect-requests.dlq", isDashed: true))
  }

  @Test func namesThatDifferOnlyInMarksStayDifferent() throws {
    let names = ["a-b", "a.b", "a_b", "end", "a_2d_b"]
    let handler = try CatalogueScene.handler("end", .compute, reads: names)
    let chart = try Flowchart(TopicGraph(CatalogueScene.catalogue([], [handler])).text(.mermaid))
    for name in names { #expect(chart.has(name, "end (compute)"), "\(name)") }
  }

  @Test func noNameEndsItsLabel() {
    let odd = TopicParticipant(name: "a\"b#c<d\\e\nf", role: .outside)
    let graph = TopicGraph(
      groups: [], outside: [odd], topics: ["t"], links: [TopicLink(participant: odd, direction: .writes, topic: "t")])
    #expect(graph.text(.mermaid).contains("([\"a#quot;b#35;c#lt;d\\e f\"])"))
    #expect(graph.text(.dot).contains("[label=\"a\\\"b#c<d\\\\e f\", shape=oval]"))
  }

  @Test func graphvizGetsTheSameNodesGroupsAndLines() throws {
    let graph = TopicGraph(try CatalogueScene.repository())
    let dot = graph.text(.dot)
    let lines = dot.split(separator: "\n")
    #expect(lines.first == "digraph topics {" && lines.last == "}")
    #expect(dot.count { $0 == "{" } == dot.count { $0 == "}" } && dot.count { $0 == "\"" }.isMultiple(of: 2))
    #expect(lines.count { $0.contains(" -> ") } == graph.links.count)
    #expect(lines.count { $0.contains("shape=cylinder") } == graph.topics.count)
    #expect(lines.contains("  subgraph \"cluster_runtime-worker\" {"))
    #expect(lines.contains("  \"service:runtime-effects\" -> \"topic:effect-requests.dlq\" [style=dashed];"))
  }
}
