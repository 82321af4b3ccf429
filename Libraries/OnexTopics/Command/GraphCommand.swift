import OnexCommandLine
import OnexService

/// `topic-manager graph`
enum GraphCommand: CatalogueReader {
  static let name = "graph"
  static let summary = "Draw who reads and writes which topic. Asks no broker."
  static let grammar = ArgumentSet.Grammar(options: [("--format", "mermaid|dot"), ("--dir", "CONTRACTS")])
  static let details = """
    --format  mermaid (the default) or dot, which Graphviz draws
    --dir     where the contracts are (ONEX_CONTRACTS_DIR)
    Exit codes: 0 drawn, 1 the contracts are wrong, 2 usage.
    """

  static func run(
    _ arguments: ArgumentSet, contracts: String, output: (String) -> Void, errors: (String) -> Void
  ) throws(ArgumentSet.Misuse) -> TopicExit {
    let name = arguments.values["--format"] ?? TopicGraph.Format.mermaid.rawValue
    guard let format = TopicGraph.Format(rawValue: name) else {
      let known = TopicGraph.Format.allCases.map(\.rawValue).joined(separator: " or ")
      throw ArgumentSet.Misuse(message: "--format is \(known), not \"\(PrintableText.of(name))\"")
    }
    guard let catalogue = CatalogueSource.read(contracts, errors: errors) else { return .failed }
    output(String(TopicGraph(catalogue).text(format).dropLast()))
    return .success
  }
}
