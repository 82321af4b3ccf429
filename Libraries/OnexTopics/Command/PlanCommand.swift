import OnexCommandLine
import OnexCore
import OnexService

/// `topic-manager plan`
enum PlanCommand: TopicCommand {
  static let name = "plan"
  static let summary = "Show what separates the cluster from what is declared. Changes nothing."
  static let grammar = ArgumentSet.Grammar(
    options: [("--timeout", "SECONDS")], flags: OutputFormat.flags + ["--fail-on-drift", "--allow-protected", "--strict"])
  static let details = """
    The plan goes to standard output, a summary to standard error.
    --fail-on-drift    exit 3 when there is a difference, also one that would be refused; unmanaged topics are none
    --allow-protected  plan changes of protected topics too
    --strict           fail when the broker makes topics by itself
    --timeout          how long the broker may take over one request (10 s)
    Exit codes: 0 looked, 1 error, 2 usage, 3 difference (only with --fail-on-drift).
    """

  static func run(_ arguments: ArgumentSet, _ context: TopicCommandContext) async throws -> TopicExit {
    let format = try OutputFormat(arguments)
    let timeout = try arguments.seconds("--timeout", default: TopicCommandContext.requestTimeout)
    let configuration = try context.configuration()
    let desired = try context.desired(configuration)
    let state = try await context.admin(configuration, timeout: timeout).state(describing: Set(desired.topics.keys))
    let plan = TopicPlan(desired: desired.topics, cluster: state, allowsProtected: arguments.has("--allow-protected"))
    format.print(
      PlanDocument.of(plan, environment: configuration[CommonSettings.environment]), table: PlanText.table(plan),
      context.terminal)
    context.terminal.printError(PlanText.summary(plan, declared: desired.topics.count))
    if let warning = PlanText.warning(plan.implicitCreation) { context.terminal.printError(warning) }
    return exit(plan, failsOnDrift: arguments.has("--fail-on-drift"), isStrict: arguments.has("--strict"))
  }

  static func exit(_ plan: TopicPlan, failsOnDrift: Bool, isStrict: Bool) -> TopicExit {
    if !plan.unreadable.isEmpty || (isStrict && plan.implicitCreation == .enabled) { return .failed }
    return failsOnDrift && !plan.isEmpty ? .differs : .success
  }
}
