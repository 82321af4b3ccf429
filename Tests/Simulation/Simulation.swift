import OnexCore
import OnexInMemory
import OnexJSON
import OnexKernel
import OnexTestSupport
import Synchronization

/// A whole deployment under one seed: processes of every role, a client, and everything that can go wrong.
package struct Simulation: Sendable {
  private static let sessionTimeout = Duration.seconds(6)
  private static let requests = 6

  package let seed: UInt64
  var odds = Fate.Odds()
  package var wrap: @Sendable (SimulatedStore) -> any StreamStore = { $0 }
  /// Prints everything that happens.
  package var isTold = false

  package init(seed: UInt64, isTold: Bool = false) {
    self.seed = seed
    self.isTold = isTold
  }

  package struct Outcome: Sendable {
    package let problems: [String]
    package let trace: UInt64
    package let steps: Int
    package let crashes: Int
  }

  package func run() -> Outcome {
    let time = VirtualClock()
    let executor = SimulationExecutor(seed: seed, clock: time)
    var world = SharedWorld(
      clock: SimulationClock(time: time, world: OutsideWorld(seed: seed &+ 3)), executor: executor, odds: odds)
    world.isTold = isTold
    let stage = Stage(world, executor, seed: seed, wrap: wrap)
    let ending = executor.run { await stage.play(requests: Simulation.requests, sessionTimeout: Simulation.sessionTimeout) }
    var problems = stage.problems
    if ending != .finished {
      problems.insert("the simulation is \(ending) after \(executor.steps) steps at \(time.uptime()): \(stage.standing)", at: 0)
    }
    return Outcome(problems: problems, trace: executor.trace, steps: executor.steps, crashes: stage.crashes)
  }
}

/// The run of a simulation: starts nodes, plays the client, replaces what dies, and checks what is left.
final class Stage: Sendable {
  private struct State {
    var random: SplitMix
    var nodes: [Int: Node] = [:]
    var isCalm = false
    var isOver = false
    var crashes = 0
    /// A process was stopped for longer than its session while its handlers may have been running.
    var hasZombie = false
    var problems: [String] = []
    var nextNode = 0
  }

  private let world: SharedWorld
  private let executor: SimulationExecutor
  private let wrap: @Sendable (SimulatedStore) -> any StreamStore
  private let ids: SeededIDSource
  private let state: Mutex<State>

  init(
    _ world: SharedWorld, _ executor: SimulationExecutor, seed: UInt64,
    wrap: @escaping @Sendable (SimulatedStore) -> any StreamStore
  ) {
    self.world = world
    self.executor = executor
    self.wrap = wrap
    ids = SeededIDSource(seed: seed &+ 1)
    state = Mutex(State(random: SplitMix(seed: seed &+ 2)))
  }

  var problems: [String] { state.withLock { $0.problems } }
  var crashes: Int { state.withLock { $0.crashes } }

  /// Where everything stands, to see why nothing goes on.
  var standing: String {
    state.withLock { state in
      let nodes = state.nodes.sorted { $0.key < $1.key }.map { "\($0.value.context.name) \($0.value.standing)" }
      return "calm \(state.isCalm), over \(state.isOver), \(nodes.joined(separator: "; "))"
    }
  }

  private func random(below bound: Int) -> Int { state.withLock { $0.random.next(below: bound) } }

  func play(requests count: Int, sessionTimeout: Duration) async {
    let client = SimulatedClient(world)
    world.storeClock.begin(at: .seconds([0, -86_400, 3600][random(below: 3)]))
    await withTaskGroup(of: Void.self) { group in
      for role in [Node.Role.main, .main, .effects, .worker] + (random(below: 2) == 0 ? [.effects] : [.worker]) {
        group.addTask { await self.keepAlive(role, sessionTimeout) }
      }
      let sent = await send(count, client)
      await client.waitForAnswers(to: sent, atMost: .seconds(60))
      calmDown()
      await client.waitForAnswers(to: sent, atMost: .seconds(600))
      await client.waitUntilQuiet(world)
      end()
      await group.waitForAll()
      let problems = await InvariantCheck(
        world: world, sent: sent, answers: client.answers, hasZombie: state.withLock { $0.hasZombie }
      ).problems()
      state.withLock { $0.problems = problems }
    }
  }

  private func send(_ count: Int, _ client: SimulatedClient) async -> [ClientRequest] {
    var sent: [ClientRequest] = []
    // For the few seconds until every process has noticed, a larger step is a time limit that was met for a step of a workflow.
    for number in 0..<count {
      if number == count / 2 { world.storeClock.step(by: .milliseconds([0, 0, -1000, 500][random(below: 4)])) }
      let request = state.withLock { ClientRequest(number, &$0.random, ids: ids, now: world.storeClock.now()) }
      sent.append(request)
      client.send(request)
      // A client that is not sure sends again.
      if random(below: 5) == 0 { client.send(request) }
      try? await world.clock.sleep(for: .milliseconds(random(below: 400)))
    }
    return sent
  }

  /// Runs one process after another in a role's place, as an orchestrator of containers would.
  private func keepAlive(_ role: Node.Role, _ sessionTimeout: Duration) async {
    while !state.withLock({ $0.isOver }) {
      let (number, seed, isCalm) = state.withLock { state in
        state.nextNode += 1
        return (state.nextNode, state.random.next(), state.isCalm)
      }
      guard let node = try? Node(role, world, seed: seed, wrap: wrap) else { return }
      if isCalm { node.process.fate.calmDown() }
      state.withLock { $0.nodes[number] = node }
      let life = Task(executorPreference: executor) { await node.run() }
      await watch(node, life, sessionTimeout)
      if node.process.condition == .dead {
        state.withLock { $0.crashes += 1 }
        life.cancel()
        try? await world.clock.sleep(for: sessionTimeout)
        await node.bus.expireSessions()
      }
      await life.value
      state.withLock { $0.nodes[number] = nil }
    }
  }

  /// Lets a stopped process go on after a while, which may be longer than its session; returns when it is dead or has ended.
  private func watch(_ node: Node, _ life: Task<Void, Never>, _ sessionTimeout: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          await node.process.wait(while: .running)
          guard node.process.condition == .stopped else { return }
          let pause = Duration.milliseconds(self.random(below: 12_000))
          try? await self.world.clock.sleep(for: min(pause, sessionTimeout))
          if pause > sessionTimeout {
            self.state.withLock { $0.hasZombie = true }
            await node.bus.expireSessions()
            try? await self.world.clock.sleep(for: pause - sessionTimeout)
          }
          node.process.resume()
        }
      }
      group.addTask { await life.value }
      await group.next()
      // A task that waits for the end of a dead process' work has to be let go of: the work is cancelled by who comes back.
      if node.process.condition == .dead { life.cancel() }
      group.cancelAll()
    }
  }

  private func calmDown() {
    let nodes = state.withLock { state in
      state.isCalm = true
      return state.nodes.sorted { $0.key < $1.key }.map(\.value)
    }
    world.clock.world.calmDown()
    for node in nodes { node.process.fate.calmDown() }
  }

  private func end() {
    let nodes = state.withLock { state in
      state.isOver = true
      return state.nodes.sorted { $0.key < $1.key }.map(\.value)
    }
    for node in nodes { node.context.shutdown.request() }
  }
}
