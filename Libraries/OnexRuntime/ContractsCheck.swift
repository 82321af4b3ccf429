import OnexCore
import OnexKernel
import OnexService

/// `--check-contracts`: what a start would find wrong with contracts, plug-ins and handlers, found before the process is in a live group.
struct ContractsCheck: Sendable {
  static let flag = ServiceFlag(
    "--check-contracts", help: "Load contracts, plug-ins and handlers, say what is wrong with them, and end: exit code 0 or 78.",
    isJob: true)

  /// Makes a role's handlers, to see which of them cannot be made.
  typealias MakeHandlers = @Sendable (LoadedContracts, RoleOptions) -> [HandlerTable.Failure]

  private let context: ServiceContext
  private let make: MakeHandlers

  /// - Returns: `nil` when the process was not asked for it.
  init?(_ context: ServiceContext, _ make: @escaping MakeHandlers) {
    guard context.flags.contains(ContractsCheck.flag.name) else { return nil }
    self.context = context
    self.make = make
  }

  /// - Throws: `ServiceFailure` with one line for each problem.
  func run() throws {
    let options = RoleOptions(context.configuration)
    let contracts = LoadedContracts.load(options, context)
    try contracts.requireSome()
    let problems =
      contracts.catalogue.problems.map(\.description)
      + make(contracts, options).map { "\($0.file): \($0.handler): \($0.error.description)" }
    guard problems.isEmpty else { throw ServiceFailure.configuration(problems.joined(separator: "\n")) }
    context.logger.info("contracts are valid", ["contracts": .integer(contracts.catalogue.contracts.count)])
  }
}
