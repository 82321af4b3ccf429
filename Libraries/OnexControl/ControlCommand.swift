import OnexCommandLine

/// One command of `onexctl`.
protocol ControlCommand: Sendable {
  static var name: String { get }
  /// One line for the list of commands.
  static var summary: String { get }
  static var grammar: ArgumentSet.Grammar { get }
  /// Meaning of each option, for `help <command>`.
  static var details: String { get }

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit
}

extension ControlCommand {
  static var usage: String { grammar.usage("onexctl \(name)") }
}
