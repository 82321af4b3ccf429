import OnexCore
import OnexKafka
import OnexKernel
import OnexService

/// `runtime-main --bootstrap`: everything that a start needs, strictly and one step after the other; the first that fails is named.
struct BootstrapCheck: Sendable {
  private let context: ServiceContext
  private let inbox: DurableInbox?
  private let reducers: [any Reducer.Type]

  init(_ context: ServiceContext, inbox: DurableInbox?, reducers: [any Reducer.Type]) {
    self.context = context
    self.inbox = inbox
    self.reducers = reducers
  }

  func run() async throws {
    let options = RoleOptions(context.configuration)
    let contracts = try await step("contracts") { try loadContracts(options) }
    guard let inbox else { return }
    try await step("database") { try await inbox.check() }
    try await step("event bus") { try await reachBroker() }
    try await step("deployment") { try await inbox.checkDeployment(clusterID: try await bus.clusterID()) }
    try await step("replay") {
      let report = try await StateReplay(context, inbox.journal, reducers: reducers).run(.all, contracts)
      guard let first = report.drift.first else { return }
      throw ServiceFailure.internalError(
        "\(report.driftCount) streams differ from their events, first \(first.stream): \(first.reason); see docs/operations/replay.md"
      )
    }
    await inbox.journal.close()
    await inbox.store.close()
  }

  private func step<Value>(_ name: String, _ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let failure as ServiceFailure {
      throw ServiceFailure(failure.exitCode, "bootstrap failed at the step \"\(name)\": \(failure.message)")
    } catch {
      throw ServiceFailure.unavailable("bootstrap failed at the step \"\(name)\": \(error)")
    }
  }

  private func loadContracts(_ options: RoleOptions) throws -> LoadedContracts {
    let contracts = LoadedContracts.load(options, context)
    let table = ReducerTable(contracts: contracts.catalogue.contracts, types: reducers)
    let problems =
      contracts.catalogue.problems.map(\.description) + table.failures.map { "\($0.file): \($0.error.description)" }
    guard problems.isEmpty else { throw ServiceFailure.configuration(problems.joined(separator: "\n")) }
    return contracts
  }

  private var bus: KafkaEventBus {
    KafkaEventBus(KafkaConnection(KafkaSettings(context.configuration), clientID: context.name), logger: context.logger)
  }

  private func reachBroker() async throws {
    let reader = try await bus.reader(topics: [context.configuration[MainService.inputTopic]], from: .end)
    await reader.close()
  }
}
