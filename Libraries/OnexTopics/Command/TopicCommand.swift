import OnexCommandLine

/// One command of `topic-manager`.
protocol TopicCommand: CommandDescription {
  static func run(_ arguments: ArgumentSet, _ context: TopicCommandContext) async throws -> TopicExit
}
