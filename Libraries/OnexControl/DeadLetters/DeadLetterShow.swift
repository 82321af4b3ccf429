import OnexCommandLine
import OnexCore

/// `onexctl dlq show`
enum DeadLetterShow: DeadLetterAction {
  static let name = "show"
  static let accepted = ["--json"]
  static let operands = 1...1

  static func run(_ operands: [String], _ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let place = try LogPlace(typed: operands[0])
    let page = try await context.terminal.withProgress("looking for \(place)") {
      try await DeadLetterLog([place.topic], context).reduce(DeadLetterPage(place)) { $0.add($1) }
    }
    guard let record = page.record else { throw missing(place) }
    context.terminal.print(
      arguments.has("--json") ? DeadLetterPage.json(record, page.state) : DeadLetterPage.text(record, page.state))
    return .success
  }

  static func missing(_ place: LogPlace) -> ControlFailure {
    ControlFailure(
      exit: .failed,
      message: "there is no dead letter at \(place): it was never there, is a marker, or is older than the topic's retention\n"
        + "`onexctl dlq list \(place.topic)` shows those that are there")
  }
}
