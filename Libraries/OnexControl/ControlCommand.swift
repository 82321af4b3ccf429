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
  static var usage: String {
    var text = "Usage: onexctl \(name)"
    for positional in grammar.positionals { text += positional.hasPrefix("[") ? " \(positional)" : " <\(positional)>" }
    for option in grammar.options { text += " [\(option.name) \(option.value)]" }
    for flag in grammar.flags { text += " [\(flag)]" }
    return text
  }
}
