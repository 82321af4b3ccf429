import OnexCommandLine
import OnexCore
import OnexKafka
import OnexService

/// `topic-manager apply`
enum ApplyCommand: TopicCommand {
  static let name = "apply"
  static let summary = "Do what the plan says, and wait until it can be seen."
  static let grammar = ArgumentSet.Grammar(
    options: [("--timeout", "SECONDS")], flags: OutputFormat.flags + ["--allow-protected", "--strict"])
  static let details = """
    Makes what is missing, adds partitions, changes settings; never removes anything, and never touches what nobody declares.
    May be repeated, and may run twice at once.
    --allow-protected  change protected topics too
    --strict           do nothing while the broker makes topics by itself
    --timeout          how long new partitions may take to have a leader (30 s)
    Exit codes: 0 the cluster is what is declared, 1 something failed or was refused, 2 usage.
    """

  static func run(_ arguments: ArgumentSet, _ context: TopicCommandContext) async throws -> TopicExit {
    let format = try OutputFormat(arguments)
    var options = TopicApply.Options()
    options.allowsProtected = arguments.has("--allow-protected")
    options.isStrict = arguments.has("--strict")
    options.timeout = try arguments.seconds("--timeout", default: options.timeout)
    let configuration = try context.configuration()
    let desired = try context.desired(configuration)
    let admin = try context.admin(configuration, timeout: min(options.timeout, TopicCommandContext.requestTimeout))
    let report = try await TopicApply(admin, clock: context.clock).run(desired.topics, options)
    format.print(
      PlanDocument.of(report, environment: configuration[CommonSettings.environment]), table: PlanText.table(report),
      context.terminal)
    context.terminal.printError(PlanText.summary(report, declared: desired.topics.count))
    if let warning = PlanText.warning(report.rest.implicitCreation) { context.terminal.printError(warning) }
    if report.isRefusedByBroker { context.terminal.printError("nothing was applied, because of --strict") }
    let lost = await TopicChangeEvents(KafkaEventBus(context.connection(configuration)), clock: context.clock)
      .publish(report, desired)
    if let lost { context.terminal.printError("the events about these changes were not written: \(TopicErrorText.of(lost))") }
    return report.matches ? .success : .failed
  }
}
