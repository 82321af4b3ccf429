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
  /// Of the roles with a store.
  private let storeClock: (own: StoreClock, store: SteppedClock)?

  /// - Parameter wrap: puts something between the process and the store, for tests of the check itself.
  init(_ role: Role, _ shared: SharedWorld, seed: UInt64, wrap: (SimulatedStore) -> any StreamStore) throws {
    let fate = Fate(seed: seed, odds: shared.odds)
    let name = "\(role)-\(seed % 1000)"
    let (time, isTold) = (shared.clock, shared.isTold)
    process = SimulatedProcess(clock: time, fate: fate) { text in
      if isTold { print("\(time.uptime().milliseconds) \(name) \(text)") }
    }
    bus = SimulatedBus(shared.bus, process)
    let clock: SimulationClock
    (clock, storeClock) = Node.clock(role, shared, seed)
    context = ServiceContext(
      name: "\(role)", configuration: SharedWorld.configuration, health: HealthState(clock: shared.clock),
      clock: clock,
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

  /// A machine's wall clock may be a day off; the roles with a store go by the store's. A worker has none, and the right time.
  private static func clock(
    _ role: Role, _ shared: SharedWorld, _ seed: UInt64
  ) -> (SimulationClock, (StoreClock, SteppedClock)?) {
    guard role != .worker else {
      return (SimulationClock(time: shared.storeClock, world: shared.clock.world), nil)
    }
    var random = SplitMix(seed: seed ^ 0xC10C)
    let hours = [0, 0, -24, -1, 1, 24][random.next(below: 6)]
    let clock = StoreClock(SkewedClock(base: shared.clock, skew: .seconds(3600 * hours)))
    clock.note(shared.storeClock.now(), sent: clock.uptime(), received: clock.uptime())
    return (SimulationClock(time: clock, world: shared.clock.world), (clock, shared.storeClock))
  }

  /// As `StoreWatch` does with every heartbeat.
  private func watchClock() async {
    guard let (own, store) = storeClock else { return }
    while !Task.isCancelled {
      try? await own.sleep(for: .seconds(5))
      own.note(store.now(), sent: own.uptime(), received: own.uptime())
    }
  }

  var standing: String {
    "\(process.condition), shutdown \(context.shutdown.isRequested), \(pipeline.inFlight) in flight"
  }

  /// Works until shutdown, or until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await bus.acknowledge() }
      group.addTask { await watchClock() }
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
  let storeClock: SteppedClock
  let options: RoleOptions
  let odds: Fate.Odds
  /// Everything that happens is printed.
  var isTold = false
  var contracts: LoadedContracts { SharedWorld.loaded }

  init(clock: SimulationClock, executor: SimulationExecutor, odds: Fate.Odds) {
    self.clock = clock
    self.odds = odds
    bus = InMemoryEventBus(clock: clock, limits: InMemoryEventBus.Limits(partitions: 2))
    storeClock = SteppedClock(clock)
    store = InMemoryStore(clock: storeClock)
    var options = RoleOptions(contractsDirectory: "")
    options.handlerExecutor = executor
    // Whatever comes wakes a poll; a short wait would only be more steps.
    options.pipeline.poll = PollLimit(records: 16, wait: .seconds(10))
    options.pipeline.timerPollMax = .seconds(2)
    options.pipeline.lane.concurrencyMax = 4
    self.options = options
  }
}
