import OnexCommandLine
import OnexCore
import OnexPostgres

/// The newest rows, and those that come.
struct ActionsTail {
  private static let pause: Duration = .seconds(1)
  /// Rows of one look at most.
  private static let rowsMax = 1000
  /// Rows that were shown and are remembered, so that a look that overlaps the one before shows none twice.
  private static let rememberedMax = 10_000

  private let connection: PostgresConnection
  private let arguments: ArgumentSet
  private let context: ControlContext

  /// A row as it was shown; an execution's row shows again when its status changes.
  private struct Shown: Hashable {
    let table: String
    let id: RawUUID
    let status: String?
  }

  init(_ connection: PostgresConnection, _ arguments: ArgumentSet, _ context: ControlContext) {
    self.connection = connection
    self.arguments = arguments
    self.context = context
  }

  func run(_ filter: ActionsFilter) async throws {
    let limit = try arguments.count("--limit") ?? 20
    let isFollowing = arguments.has("--follow")
    let known = try await ActionsCommand.read(filter, limit: isFollowing ? max(limit, ActionsTail.rowsMax) : limit, connection)
    ActionsCommand.show(known.prefix(limit).reversed(), arguments, context.terminal)
    guard isFollowing else { return }
    var shown = Set(known.map(key))
    while !Task.isCancelled {
      try await context.clock.sleep(for: ActionsTail.pause)
      let lines = try await ActionsCommand.read(filter, limit: ActionsTail.rowsMax, connection)
      let new = lines.reversed().filter { !shown.contains(key($0)) }
      if shown.count > ActionsTail.rememberedMax { shown = Set(lines.map(key)) }
      shown.formUnion(new.map(key))
      for line in new {
        context.terminal.print(
          arguments.has("--json") ? line.json.encoded().text : line.cells.joined(separator: "  "))
      }
    }
  }

  private func key(_ line: ActivityLine) -> Shown { Shown(table: line.table, id: line.id, status: line.status) }
}
