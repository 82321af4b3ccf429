/// The arguments of `topic-manager graph` and `topic-manager catalogue`, taken apart. Pure.
enum CatalogueArguments: Equatable {
  case graph(TopicGraph.Format, contracts: String)
  case write(contracts: String, documents: String)
  case check(contracts: String, documents: String)
  case help

  struct Misuse: Error, Equatable {
    let message: String
  }

  static let commands = ["graph", "catalogue"]
  private static let defaultContracts = "contracts"
  private static let defaultDocuments = "docs/reference"

  static let usage = """
    topic-manager graph [--format mermaid|dot] [--dir CONTRACTS]
        Who reads and writes which topic, as a drawing on standard output.
    topic-manager catalogue --write|--check [--dir CONTRACTS] [--docs FOLDER]
        Writes topics.md and asyncapi.yaml from the contracts, or says which of them is stale.

    CONTRACTS is \(defaultContracts), FOLDER is \(defaultDocuments) when it is not given: call it in the repository.
    Exit codes: 0 done, 1 the contracts are wrong or a file is stale, 2 usage.

    """

  /// - Parameter arguments: the command and what follows it.
  init(_ arguments: [String]) throws(Misuse) {
    let command = arguments.first ?? ""
    let isGraph = command == "graph"
    let known = isGraph ? ["--format", "--dir"] : ["--dir", "--docs"]
    var values: [String: String] = [:]
    var modes: Set<String> = []
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      if argument == "--help" || argument == "-h" {
        self = .help
        return
      } else if !isGraph, argument == "--write" || argument == "--check" {
        modes.insert(argument)
      } else if let option = parts.first, known.contains(option) {
        guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
          throw Misuse(message: "\(option) needs a value")
        }
        values[option] = value
      } else {
        throw Misuse(
          message:
            "\(command) takes no \"\(argument)\"; there is: \((known + (isGraph ? [] : ["--write", "--check"])).joined(separator: ", "))"
        )
      }
    }
    let contracts = values["--dir"] ?? CatalogueArguments.defaultContracts
    let documents = values["--docs"] ?? CatalogueArguments.defaultDocuments
    if isGraph {
      self = .graph(try CatalogueArguments.format(values["--format"]), contracts: contracts)
    } else if modes.count == 1 {
      self =
        modes.contains("--write")
        ? .write(contracts: contracts, documents: documents) : .check(contracts: contracts, documents: documents)
    } else {
      throw Misuse(message: "catalogue needs --write or --check, and one of them only")
    }
  }

  private static func format(_ name: String?) throws(Misuse) -> TopicGraph.Format {
    guard let name else { return .mermaid }
    guard let format = TopicGraph.Format(rawValue: name) else {
      throw Misuse(
        message: "--format is \(TopicGraph.Format.allCases.map(\.rawValue).joined(separator: " or ")), not \"\(name)\"")
    }
    return format
  }
}
