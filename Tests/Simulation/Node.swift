import OnexCore
import OnexInMemory
import OnexJSON
import OnexKernel
import OnexRuntime
import OnexService
import OnexTestSupport

/// One process of a role, from start to death.
struct Node: Sendable {
  enum Role: CaseIterable, Sendable { case main, effects, worker }

  let process: SimulatedProcess
  let bus: SimulatedBus
  let context: ServiceContext
  private let pipeline: Pipeline

  /// - Parameter wrap: puts something between the process and the store, for tests of the check itself.
  init(_ role: Role, _ shared: SharedWorld, seed: UInt64, wrap: (SimulatedStore) -> any StreamStore) throws {
    let fate = Fate(seed: seed, odds: shared.odds)
    let name = "\(role)-\(seed % 1000)"
    let (clock, isTold) = (shared.clock, shared.isTold)
    process = SimulatedProcess(clock: clock, fate: fate) { text in
      if isTold { print("\(clock.uptime().milliseconds) \(name) \(text)") }
    }
    bus = SimulatedBus(shared.bus, process)
    context = ServiceContext(
      name: "\(role)", configuration: SharedWorld.configuration, health: HealthState(clock: shared.clock), clock: shared.clock,
      ids: SeededIDSource(seed: seed ^ 0xABCD))
    let options = shared.options
    let store = SimulatedStore(shared.store, process)
    let (topics, handlers): (RoutingTopics, [any Handler.Type]) = (RoutingTopics(), [Echo.self, Outside.self, Ledger.self])
    switch role {
    case .main:
      pipeline = try RouterRole(group: "main", topics: topics, reducers: [Tally.self])
        .pipeline(bus, shared.contracts, wrap(store), options, context)
    case .effects:
      let role = HandlerRole(
        kind: .effect, input: topics.effectRequests, output: topics.effectResponses, group: "effects", http: nil,
        handlers: handlers)
      pipeline = try role.pipeline(bus, shared.contracts, store, options, context)
    case .worker:
      let role = HandlerRole(
        kind: .compute, input: topics.workerRequests, output: topics.workerResponses, group: "workers", http: nil,
        handlers: handlers)
      pipeline = try role.pipeline(bus, shared.contracts, StatelessStore(), options, context)
    }
  }

  var standing: String {
    "\(process.condition), shutdown \(context.shutdown.isRequested), \(pipeline.inFlight) in flight"
  }

  /// Works until shutdown, or until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await bus.acknowledge() }
      await withTaskGroup(of: Void.self) { inner in
        inner.addTask { try? await pipeline.run() }
        await inner.waitForAll()
      }
      group.cancelAll()
    }
  }
}

/// What all processes of a simulation share.
struct SharedWorld: Sendable {
  static let configuration: Configuration = {
    do { return try Configuration.load([], from: EnvironmentVariables([:])) } catch { preconditionFailure("\(error)") }
  }()
  private static let loaded: LoadedContracts = {
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let context = ServiceContext(name: "simulation", configuration: configuration, health: HealthState())
    let contracts = LoadedContracts.load(RoleOptions(contractsDirectory: "/\(folder)/Contracts"), context)
    precondition(contracts.catalogue.problems.isEmpty, "\(contracts.catalogue.problems)")
    return contracts
  }()

  let clock: SimulationClock
  let bus: InMemoryEventBus
  let store: InMemoryStore
  let options: RoleOptions
  let odds: Fate.Odds
  /// Everything that happens is printed.
  var isTold = false
  var contracts: LoadedContracts { SharedWorld.loaded }

  init(clock: SimulationClock, executor: SimulationExecutor, odds: Fate.Odds) {
    self.clock = clock
    self.odds = odds
    bus = InMemoryEventBus(clock: clock, limits: InMemoryEventBus.Limits(partitions: 2))
    store = InMemoryStore(clock: clock)
    var options = RoleOptions(contractsDirectory: "")
    options.handlerExecutor = executor
    // Whatever comes wakes a poll; a short wait would only be more steps.
    options.pipeline.poll = PollLimit(records: 16, wait: .seconds(10))
    options.pipeline.timerPollMax = .seconds(2)
    options.pipeline.lane.concurrencyMax = 4
    self.options = options
  }
}
