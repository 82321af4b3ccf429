import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKafka
import OnexKernel
import OnexService
import OnexYAML

/// `topic-manager acl`
enum ACLCommand: TopicCommand {
  static let name = "acl"
  static let summary = "Compare the broker's access control entries with what services and clients need: acl plan|apply|show"
  static let grammar = ArgumentSet.Grammar(
    options: [("--principal", "NAME=PRINCIPAL[,…]"), ("--principals", "FILE"), ("--timeout", "SECONDS")],
    flags: OutputFormat.flags + ["--fail-on-drift", "--prune"], positionals: ["plan|apply|show"])
  static let details = """
    plan    what is missing and what is not needed; changes nothing
    apply   makes what is missing; deletes what is not needed with --prune only
    show    what is needed; asks no broker
    Topics come from the contracts. A participant is User:<its name> (User:runtime-main, User:clients, …) unless told otherwise:
    --principal      runtime-main=User:rt,clients=User:web ; several principals for one name: say it again behind a comma;
                     nothing behind the = leaves the participant out
    --principals     a YAML file of the same: name: principal, or name: [principal, …]
    --prune          delete entries of these principals that are not needed; those of others, prefixes, wildcards and denials never
    --fail-on-drift  plan: exit 3 when there is a difference
    --timeout        how long the broker may take over one request (10 s)
    Who runs it needs DESCRIBE and ALTER on the cluster.
    Exit codes: 0 shown, or the entries are as needed; 1 error; 2 usage; 3 differs; 4 the broker has no access control.
    """
  private static let fileBytesMax = 64 << 10

  static func run(_ arguments: ArgumentSet, _ context: TopicCommandContext) async throws -> TopicExit {
    let action = arguments.positionals[0]
    guard ["plan", "apply", "show"].contains(action) else {
      throw ArgumentSet.Misuse(message: "unknown subcommand \"\(action)\"; there are: plan, apply, show")
    }
    guard action == "apply" || !arguments.has("--prune") else {
      throw ArgumentSet.Misuse(message: "--prune belongs to acl apply")
    }
    guard action == "plan" || !arguments.has("--fail-on-drift") else {
      throw ArgumentSet.Misuse(message: "--fail-on-drift belongs to acl plan")
    }
    let format = try OutputFormat(arguments)
    let timeout = try arguments.seconds("--timeout", default: TopicCommandContext.requestTimeout)
    let configuration = try context.configuration()
    let directory = configuration[CommonSettings.contractsDirectory]
    let desired = try context.desired(configuration)
    let permissions = BrokerPermissions(
      TopicCatalogue(topics: desired.topics, contracts: ContractDirectory.load(directory).contracts))
    let principals = try principals(arguments, permissions)
    let needed = permissions.acls(principals)
    guard action != "show" else {
      format.print(.array(needed.sorted().map(json)), table: table(needed.sorted().map { ("needed", $0) }), context.terminal)
      return .success
    }
    do {
      let admin = try context.admin(configuration, timeout: timeout)
      if action == "plan" {
        let plan = ACLPlan(needed: needed, principals: principals.all, found: try await admin.acls())
        show(plan, format, context.terminal)
        return plan.isEmpty || !arguments.has("--fail-on-drift") ? .success : .differs
      }
      let report = try await ACLApply(cluster: admin).run(needed, principals: principals.all, prunes: arguments.has("--prune"))
      // A broker may show an empty list and refuse to add to it.
      if report.made.isEmpty, report.deleted.isEmpty, let failure = report.failures.first,
        report.failures.allSatisfy({ $0.error.code == .unsupported })
      {
        return unsupported(failure.error, context.terminal)
      }
      show(report, format, context.terminal)
      // What is not needed was left on purpose.
      return report.failures.isEmpty && report.rest.missing.isEmpty && report.rest.denials.isEmpty ? .success : .failed
    } catch {
      guard error.code == .unsupported else { throw error }
      return unsupported(error, context.terminal)
    }
  }

  private static func unsupported(_ error: EventBusError, _ terminal: Terminal) -> TopicExit {
    terminal.printError(
      "\(TopicManager.name) acl: the broker has no access control: \(error.message). Everyone who reaches it may do everything. "
        + "Apache Kafka needs authorizer.class.name, Redpanda kafka_enable_authorization (docs/reference/broker-permissions.md)")
    return .unsupported
  }

  private static func principals(
    _ arguments: ArgumentSet, _ permissions: BrokerPermissions
  ) throws -> ACLPrincipals {
    var principals = ACLPrincipals(permissions.grants.map(\.participant))
    do {
      if let path = arguments.values["--principals"] {
        for (name, values) in try read(path) { try principals.set(name, values) }
      }
      if let text = arguments.values["--principal"] { try principals.read(text) }
    } catch {
      throw ArgumentSet.Misuse(message: error.message)
    }
    return principals
  }

  private static func read(_ path: String) throws(ACLPrincipals.Invalid) -> [(String, [String])] {
    let text: Bytes
    switch DeclarationFiles.read(path) {
    case .failure(let problem): throw ACLPrincipals.Invalid(message: problem.description)
    case .success(let found): text = found
    }
    guard text.count <= fileBytesMax else { throw ACLPrincipals.Invalid(message: "\(path) has more than \(fileBytesMax) bytes") }
    let root: YAMLNode
    do {
      root = try YAML.parse(text, file: path)
    } catch {
      // The text is not quoted: the file may be any that the caller may read.
      throw ACLPrincipals.Invalid(message: "\(path) is not valid YAML")
    }
    guard let entries = root.mapping?.entries else {
      throw ACLPrincipals.Invalid(message: "\(path) must be a mapping of participants to principals")
    }
    var all: [(String, [String])] = []
    for entry in entries {
      let values = entry.value.sequence?.map { $0.scalar?.text } ?? [entry.value.scalar?.text]
      guard !values.contains(nil) else {
        throw ACLPrincipals.Invalid(message: "\(path): \(entry.name) must be a principal or a list of principals")
      }
      all.append((entry.name, values.compactMap { $0 }))
    }
    return all
  }

  private static func show(_ plan: ACLPlan, _ format: OutputFormat, _ terminal: Terminal) {
    let rows =
      plan.missing.map { ("missing", $0) } + plan.surplus.map { ("not needed", $0) } + plan.denials.map { ("denied", $0) }
    format.print(document(plan), table: rows.isEmpty ? "" : table(rows), terminal)
    terminal.printError(summary(plan))
  }

  private static func show(_ report: ACLApply.Report, _ format: OutputFormat, _ terminal: Terminal) {
    let failed = report.failures.map { failure -> JSONValue in
      .object(JSONObject([("entry", json(failure.entry)), ("error", .string(failure.error.description))]))
    }
    let rows =
      report.made.map { ("made", $0) } + report.deleted.map { ("deleted", $0) }
      + report.failures.map { ("failed", $0.entry) } + report.rest.denials.map { ("denied", $0) }
    format.print(
      .object(
        JSONObject([
          ("made", .array(report.made.map(json))), ("deleted", .array(report.deleted.map(json))), ("failed", .array(failed)),
          ("rest", document(report.rest)),
        ])), table: rows.isEmpty ? "" : table(rows), terminal)
    for failure in report.failures { terminal.printError("\(failure.entry): \(TopicErrorText.of(failure.error))") }
    terminal.printError(
      "\(report.made.count) made, \(report.deleted.count) deleted, \(report.failures.count) failed; \(summary(report.rest))")
  }

  private static func summary(_ plan: ACLPlan) -> String {
    "\(plan.missing.count) missing, \(plan.surplus.count) not needed, \(plan.denials.count) denied, \(plan.foreignCount) of others"
  }

  private static func table(_ rows: [(String, KafkaACL)]) -> String {
    var table = TextTable(["STATE", "PRINCIPAL", "OPERATION", "RESOURCE", "NAME"])
    for (state, entry) in rows {
      table.add([
        state, entry.principal, (entry.permission == .deny ? "deny " : "") + entry.operation.rawValue, entry.resource.rawValue,
        entry.name + (entry.pattern == .literal ? "" : " (\(entry.pattern.rawValue))"),
      ])
    }
    return String(table.text.dropLast())
  }

  private static func document(_ plan: ACLPlan) -> JSONValue {
    .object(
      JSONObject([
        ("missing", .array(plan.missing.map(json))), ("not_needed", .array(plan.surplus.map(json))),
        ("denied", .array(plan.denials.map(json))), ("of_others", .integer(plan.foreignCount)),
      ]))
  }

  private static func json(_ entry: KafkaACL) -> JSONValue {
    .object(
      JSONObject([
        ("principal", .string(entry.principal)), ("permission", .string(entry.permission.rawValue)),
        ("operation", .string(entry.operation.rawValue)), ("resource", .string(entry.resource.rawValue)),
        ("name", .string(entry.name)), ("pattern", .string(entry.pattern.rawValue)), ("host", .string(entry.host)),
      ]))
  }
}
