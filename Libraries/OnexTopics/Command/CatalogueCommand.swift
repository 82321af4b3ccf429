import OnexCommandLine
import OnexService

/// `topic-manager catalogue`
enum CatalogueCommand: CatalogueReader {
  static let name = "catalogue"
  static let summary = "Write the pages about topics that come from the contracts, or say which of them is stale."
  static let grammar = ArgumentSet.Grammar(
    options: [("--dir", "CONTRACTS"), ("--docs", "FOLDER")], flags: ["--write", "--check"])
  static let details = """
    topics.md and broker-permissions.md are for people, asyncapi.yaml (AsyncAPI 3.0) for machines.
    --write  write what is not what the contracts say
    --check  write nothing; exit 1 and name what is stale
    --dir    where the contracts are (ONEX_CONTRACTS_DIR)
    --docs   where the pages are (\(defaultFolder))
    Exit codes: 0 done, 1 the contracts are wrong, a page is stale or cannot be written, 2 usage.
    """
  private static let defaultFolder = "docs/reference"

  static func run(
    _ arguments: ArgumentSet, contracts: String, output: (String) -> Void, errors: (String) -> Void
  ) throws(ArgumentSet.Misuse) -> TopicExit {
    guard arguments.has("--write") != arguments.has("--check") else {
      throw ArgumentSet.Misuse(message: "--write or --check, and one of them only")
    }
    guard let catalogue = CatalogueSource.read(contracts, errors: errors) else { return .failed }
    let folder = arguments.values["--docs"] ?? defaultFolder
    let stale = CatalogueDocument.all(catalogue, version: BuildVersion.current)
      .map { (file: CatalogueFile(path: folder + "/" + $0.name), text: $0.text) }.filter { $0.file.text != $0.text }
    guard arguments.has("--write") else {
      for entry in stale {
        let state = entry.file.text == nil ? "cannot be read" : "is not what the contracts say"
        errors("\(entry.file.path) \(state); to refresh it: \(CatalogueDocument.refreshCommand)")
      }
      return stale.isEmpty ? .success : .failed
    }
    var exit = TopicExit.success
    for entry in stale {
      if let reason = entry.file.write(entry.text) {
        errors("\(entry.file.path): cannot be written: \(reason)")
        exit = .failed
      } else {
        output("\(entry.file.path) written")
      }
    }
    return exit
  }
}
