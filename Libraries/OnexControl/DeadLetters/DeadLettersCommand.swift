import OnexCommandLine
import OnexCore

/// `onexctl dlq`
enum DeadLettersCommand: ControlCommand {
  static let name = "dlq"
  static let summary = "Look at dead letters and send them back: onexctl dlq stats|list|show|replay"
  static let grammar = ArgumentSet.Grammar(
    options: DeadLetterFilter.options + [("--limit", "N"), ("--at", "PLACE"), ("--rate", "N")],
    flags: ["--dry-run", "--again", "--yes", "--json"], positionals: ["stats|list|show|replay", "[topic…]"])
  static let details = """
    stats [topic…]   how many, by topic and error code; without a topic: every topic that ends in .dlq
    list [topic]     the newest --limit (50), newest last
    show PLACE       everything about one; a place is topic[partition]@offset, in quotes: 'requests.dlq[2]@17'
    replay TOPIC     sends the values back to their original topics, with the original keys and headers; --at PLACE only that one

    --code, --group and --correlation select what the headers say; --since and --until when it failed: an RFC 3339 time, or how
    long ago (90s, 30m, 2h, 7d). replay takes the oldest first: --limit N sends N of them, the next run the next N.

    What was replayed is marked in the dead-letter topic and is not sent by a second run, unless --again says so. A run that is
    interrupted may leave a batch that was sent and not marked; the next run sends it again. A request that carries its
    envelope_id is then recognised by the runtime and not carried out twice. One without has its id derived from topic, partition
    and offset, so that its replay is a new request: by design, and to be known before sending it twice.

    --dry-run says what would be sent. --rate N sends N a second (100). More than one needs --yes.
    Exit codes: 0 done, 1 some could not be sent (standard error says which), 64 mistyped or --yes is missing, 69 broker unreachable.
    """

  private static let actions: [any DeadLetterAction.Type] = [
    DeadLetterStats.self, DeadLetterList.self, DeadLetterShow.self, DeadLetterReplay.self,
  ]

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let name = arguments.positionals[0]
    guard let action = actions.first(where: { $0.name == name }) else {
      let names = actions.map { $0.name }
      let hint = NearestName.suggestion(for: name, among: names).map { "; did you mean \($0)?" } ?? ""
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(name)\"\(hint); there are: \(names.joined(separator: ", "))")
    }
    let operands = Array(arguments.positionals.dropFirst())
    try action.check(operands, arguments)
    return try await action.run(operands, arguments, context)
  }
}
