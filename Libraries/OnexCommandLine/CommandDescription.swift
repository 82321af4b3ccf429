/// What a command line says about one of its commands.
public protocol CommandDescription: Sendable {
  static var name: String { get }
  /// One line for the list of commands.
  static var summary: String { get }
  static var grammar: ArgumentSet.Grammar { get }
  /// Meaning of each option, for `help <command>`.
  static var details: String { get }
}
