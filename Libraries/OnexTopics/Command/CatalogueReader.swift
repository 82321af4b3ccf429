import OnexCommandLine

/// A command that reads contracts and asks no broker.
protocol CatalogueReader: TopicCommand {
  /// - Parameters:
  ///   - contracts: the folder.
  ///   - output: takes what is for standard output, without its last line end.
  ///   - errors: takes lines for standard error.
  static func run(
    _ arguments: ArgumentSet, contracts: String, output: (String) -> Void, errors: (String) -> Void
  ) throws(ArgumentSet.Misuse) -> TopicExit
}

extension CatalogueReader {
  static func run(_ arguments: ArgumentSet, _ context: TopicCommandContext) async throws -> TopicExit {
    try run(
      arguments, contracts: context.contracts(arguments), output: context.terminal.print, errors: context.terminal.printError)
  }
}
