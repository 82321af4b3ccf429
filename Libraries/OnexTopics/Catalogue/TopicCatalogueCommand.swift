import OnexCore
import OnexKernel
import OnexService

/// `topic-manager graph` and `topic-manager catalogue`: what the contracts say about topics, drawn and written down. Asks no broker.
public enum TopicCatalogueCommand {
  public static let success: Int32 = 0
  /// The contracts are wrong, a file is stale or cannot be written.
  public static let problem: Int32 = 1
  public static let usage: Int32 = 2

  /// Whether this command is meant.
  public static func accepts(_ arguments: [String]) -> Bool {
    arguments.first.map(CatalogueArguments.commands.contains) ?? false
  }

  /// Reads the contracts and, for `catalogue`, reads or writes the documents. Blocks.
  ///
  /// - Parameters:
  ///   - arguments: `graph` or `catalogue` and what follows it.
  ///   - output: takes text for standard output, with its line ends.
  ///   - errors: the same for standard error.
  /// - Returns: the exit code.
  public static func run(_ arguments: [String], output: (String) -> Void, errors: (String) -> Void) -> Int32 {
    do throws(CatalogueArguments.Misuse) {
      switch try CatalogueArguments(arguments) {
      case .help:
        output(CatalogueArguments.usage)
        return success
      case .graph(let format, let contracts):
        return withCatalogue(contracts, errors) { catalogue in
          output(TopicGraph(catalogue).text(format))
          return success
        }
      case .write(let contracts, let folder):
        return withCatalogue(contracts, errors) { write($0, folder, output, errors) }
      case .check(let contracts, let folder):
        return withCatalogue(contracts, errors) { check($0, folder, errors) }
      }
    } catch {
      errors("topic-manager: \(error.message); see topic-manager \(arguments.first ?? "catalogue") --help\n")
      return usage
    }
  }

  /// Half of the contracts would make a catalogue that is wrong: every problem is told instead.
  private static func withCatalogue(
    _ directory: String, _ errors: (String) -> Void, _ body: (TopicCatalogue) -> Int32
  ) -> Int32 {
    let contracts = ContractDirectory.load(directory)
    let desired = DesiredTopics(directory: directory, contracts: contracts)
    guard desired.problems.isEmpty else {
      for found in desired.problems { errors("\(found)\n") }
      return problem
    }
    return body(TopicCatalogue(topics: desired.topics, contracts: contracts.contracts))
  }

  private static func write(
    _ catalogue: TopicCatalogue, _ folder: String, _ output: (String) -> Void, _ errors: (String) -> Void
  ) -> Int32 {
    var code = success
    for document in CatalogueDocument.all(catalogue, version: BuildVersion.current) {
      let file = CatalogueFile(path: folder + "/" + document.name)
      guard file.text != document.text else { continue }
      if let reason = file.write(document.text) {
        errors("\(file.path): cannot be written: \(reason)\n")
        code = problem
      } else {
        output("\(file.path) written\n")
      }
    }
    return code
  }

  private static func check(_ catalogue: TopicCatalogue, _ folder: String, _ errors: (String) -> Void) -> Int32 {
    let stale = CatalogueDocument.all(catalogue, version: BuildVersion.current).map { document in
      (file: CatalogueFile(path: folder + "/" + document.name), document: document)
    }.filter { $0.file.text != $0.document.text }
    for entry in stale {
      let state = entry.file.text == nil ? "cannot be read" : "is not what the contracts say"
      errors("\(entry.file.path) \(state); to refresh it: \(CatalogueDocument.refreshCommand)\n")
    }
    return stale.isEmpty ? success : problem
  }
}
