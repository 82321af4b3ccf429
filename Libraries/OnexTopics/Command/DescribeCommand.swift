import OnexCommandLine
import OnexCore
import OnexKafka
import OnexService

/// `topic-manager describe`
enum DescribeCommand: TopicCommand {
  static let name = "describe"
  static let summary = "Show partitions, consumer groups and contracts of topics."
  static let grammar = ArgumentSet.Grammar(
    options: [("--timeout", "SECONDS")], flags: OutputFormat.flags, positionals: ["[topic…]"])
  static let details = """
    Without topics: every declared one. Records are what the offsets span: brokers do not tell bytes to this client.
    --timeout  how long the broker may take over one request (10 s)
    Exit codes: 0 shown, 1 error, or a topic does not exist, 2 usage.
    """

  static func run(_ arguments: ArgumentSet, _ context: TopicCommandContext) async throws -> TopicExit {
    let format = try OutputFormat(arguments)
    let timeout = try arguments.seconds("--timeout", default: TopicCommandContext.requestTimeout)
    let configuration = try context.configuration()
    // Problems of the declarations do not keep anybody from looking.
    let desired = DesiredTopics.load(
      configuration[CommonSettings.contractsDirectory], environment: configuration[CommonSettings.environment])
    let names = arguments.positionals.isEmpty ? desired.topics.keys.sorted() : arguments.positionals
    let pictures = try await TopicPicture.take(names, context.admin(configuration, timeout: timeout), desired)
    format.print(
      .array(pictures.map(PictureDocument.of)), table: pictures.map(PictureText.of).joined(separator: "\n\n"), context.terminal)
    let missing = names.filter { name in !pictures.contains { $0.name == name } }
    for name in missing {
      let hint = NearestName.suggestion(for: name, among: desired.topics.keys.sorted()).map { "; did you mean \($0)?" } ?? ""
      context.terminal.printError("the topic \(PrintableText.of(name)) does not exist\(desired.topics[name] == nil ? hint : "")")
    }
    return missing.isEmpty ? .success : .failed
  }
}
