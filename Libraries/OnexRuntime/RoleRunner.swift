import OnexCore
import OnexInMemory
import OnexKafka
import OnexKernel
import OnexService

/// Takes a role from configuration to running pipelines, and back down.
final class RoleRunner: Sendable {
  typealias MakePipelines = @Sendable (any EventBus, LoadedContracts, RoleOptions) throws -> [Pipeline]

  private let context: ServiceContext
  private let make: MakePipelines
  /// Instead of everything else.
  private let check: ContractsCheck?
  /// Between the admission by the database and the event bus, for the role that keeps streams.
  private let replay: StateReplay?
  /// `nil` for a role that keeps nothing.
  private let inbox: DurableInbox?
  private static let joining = "JOINING_GROUP"
  private let loaded = OnceSet<(contracts: LoadedContracts, options: RoleOptions)>()
  private let pipelines = OnceSet<[Pipeline]>()

  init(
    _ context: ServiceContext, inbox: DurableInbox? = nil, replay: StateReplay? = nil,
    handlers: @escaping ContractsCheck.MakeHandlers, pipelines make: @escaping MakePipelines
  ) {
    self.context = context
    self.replay = replay
    self.inbox = inbox
    self.make = make
    check = ContractsCheck(context, handlers)
  }

  func bootstrap() async throws {
    if let check { return try check.run() }
    let options = RoleOptions(context.configuration)
    let contracts = LoadedContracts.load(options, context)
    try contracts.requireSome()
    try await inbox?.bootstrap()
    loaded.set((contracts, options))
    guard inbox == nil else {
      // It joins its group when the database has admitted it, which may take long: a member that does not poll loses its place.
      return context.health.raise(
        RoleRunner.joining, message: "the database and its deployment are checked first", blocksReadiness: true)
    }
    context.health.starting("connect to the event bus")
    try connect()
  }

  private func connect(_ cluster: String = "") throws {
    guard let (contracts, loadedOptions) = loaded.value else { return }
    var options = loadedOptions
    options.clusterID = cluster
    do {
      pipelines.set(try make(eventBus(), contracts, options))
    } catch let error as EventBusError {
      throw ServiceFailure.internalError("the event bus refused its configuration: \(error)")
    }
  }

  func run() async throws {
    guard check == nil else { return }
    if let inbox {
      let bus = KafkaEventBus(kafka, logger: context.logger)
      let cluster = try await inbox.admit(clusterID: { () throws(EventBusError) in try await bus.clusterID() })
      guard let cluster else { return await inbox.store.close() }
      if let contracts = loaded.value?.contracts { await replay?.atStart(contracts) }
      try connect(cluster)
    }
    let pipelines = pipelines.value ?? []
    try await withThrowingTaskGroup(of: Void.self) { group in
      for pipeline in pipelines { group.addTask { try await pipeline.run() } }
      if let inbox { group.addTask { try await inbox.maintain() } }
      // Not `waitForAll`, which tells a failure only when all have ended: the first one ends the others.
      for try await _ in group {}
    }
    await inbox?.store.close()
  }

  private func eventBus() -> any EventBus {
    if context.configuration[CommonSettings.eventBusType] == "inmemory" { return InMemoryEventBus(clock: context.clock) }
    return KafkaEventBus(kafka, logger: context.logger)
  }

  private var kafka: KafkaConnection { KafkaConnection(KafkaSettings(context.configuration), clientID: context.name) }
}
