import OnexCommandLine

/// One command of `onexctl`.
protocol ControlCommand: CommandDescription {
  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit
}
