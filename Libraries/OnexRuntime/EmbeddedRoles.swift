import OnexCore
import OnexInMemory
import OnexKernel
import OnexService

/// All roles of the runtime on one bus in one process.
struct EmbeddedRoles {
  let router: RouterRole
  let handlers: [any Handler.Type]
  let http: any HTTPClient

  func pipelines(
    _ bus: any EventBus, _ contracts: LoadedContracts, _ store: InMemoryStore, _ options: RoleOptions, _ context: ServiceContext
  ) throws -> [Pipeline] {
    let topics = router.topics
    let effects = HandlerRole(
      kind: .effect, input: topics.effectRequests, output: topics.effectResponses, group: "onex-runtime-effects", http: http,
      handlers: handlers)
    let workers = HandlerRole(
      kind: .compute, input: topics.workerRequests, output: topics.workerResponses, group: "onex-runtime-workers", http: nil,
      handlers: handlers)
    return [
      try router.pipeline(bus, contracts, store, options, context),
      try effects.pipeline(bus, contracts, store, options, context),
      try workers.pipeline(bus, contracts, StatelessStore(), options, context),
    ]
  }
}
