import OnexCore

/// The commands of a program, explained.
public struct CommandList: Sendable {
  private let program: String
  private let arguments: String
  private let commands: [any CommandDescription.Type]
  private let others: [(name: String, summary: String)]

  /// - Parameters:
  ///   - arguments: what follows the program's name: `<command> [--verbose]`.
  ///   - others: words beside the commands, such as `version`.
  public init(
    _ program: String, arguments: String, _ commands: [any CommandDescription.Type],
    others: [(name: String, summary: String)] = []
  ) {
    self.program = program
    self.arguments = arguments
    self.commands = commands
    self.others = others + [("help [command]", "Explain a command.")]
  }

  public var overview: String {
    var table = TextTable(["COMMAND", "WHAT IT DOES"])
    for command in commands { table.add([command.name, command.summary]) }
    for other in others { table.add([other.name, other.summary]) }
    return "Usage: \(program) \(arguments)\n\n" + table.text.dropLast()
  }

  public func usage(_ command: any CommandDescription.Type) -> String { command.grammar.usage("\(program) \(command.name)") }

  /// The overview, or what there is to know of one command; `nil` when there is none of this name.
  public func help(_ name: String?) -> String? {
    guard let name, !others.contains(where: { $0.name == name }) else { return overview }
    guard let command = commands.first(where: { $0.name == name }) else { return nil }
    return "\(command.summary)\n\n\(usage(command))\n\n\(command.details)"
  }

  /// What somebody is told who mistyped a command.
  public func unknown(_ name: String) -> String {
    let known = commands.map { $0.name } + others.map(\.name)
    let hint = NearestName.suggestion(for: name, among: known).map { "; did you mean \($0)?" } ?? ""
    return "\(program): unknown command \"\(PrintableText.of(name))\"\(hint)\n\n\(overview)"
  }
}
