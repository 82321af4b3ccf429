import OnexCore
import OnexJSON
import OnexKernel
import OnexTestSupport
import Synchronization

struct Echo: ComputeHandler {
  static let isQuick = true
  init(_ setup: HandlerSetup) {}
  func compute(_ request: HandlerRequest) throws -> Bytes { request.payload }
}

/// The outside world: what its calls have done, and how long they take.
final class OutsideWorld: Sendable {
  private struct State {
    var calls: [String: Int] = [:]
    var random: SplitMix
    /// Entries of the ledger that are there now.
    var ledger: Set<String> = []
    var isCalm = false
  }

  private let state: Mutex<State>

  init(seed: UInt64) { state = Mutex(State(random: SplitMix(seed: seed))) }

  func call(_ operation: String, key: String) { state.withLock { $0.calls["\(operation) \(key)", default: 0] += 1 } }
  var all: [String: Int] { state.withLock { $0.calls } }

  /// Most calls are quick; one in four takes longer than the step that waits for it has time.
  func delay() -> Duration {
    state.withLock { state in
      guard !state.isCalm, state.random.next(below: 4) == 0 else { return .milliseconds(3) }
      return .milliseconds(Int64(1_000 + state.random.next(below: 5_000)))
    }
  }

  func calmDown() { state.withLock { $0.isCalm = true } }

  func put(_ entry: String) { state.withLock { _ = $0.ledger.insert(entry) } }

  func undo(_ entry: String) { state.withLock { _ = $0.ledger.remove(entry) } }

  func has(_ entry: String) -> Bool { state.withLock { $0.ledger.contains(entry) } }
}

/// An effect on the world that its simulation has. Handlers are made from their contracts alone, so the world is found through the clock
/// that each simulation has of its own.
struct Outside: Handler {
  private let clock: any RuntimeClock
  private let world: OutsideWorld?

  init(_ setup: HandlerSetup) {
    clock = setup.clock
    world = (setup.clock as? SimulationClock)?.world
  }

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    world?.call(request.operation.name, key: request.idempotencyKey)
    if request.operation.name == "outside.refuse" { throw HandlerError(.notAllowed, "no") }
    try? await clock.sleep(for: .milliseconds(3))
    return request.payload
  }
}

/// Entries that a workflow makes and takes back. It may be slower than its step's limit, and it does not heed being given up.
struct Ledger: Handler {
  private let clock: any RuntimeClock
  private let world: OutsideWorld?

  init(_ setup: HandlerSetup) {
    clock = setup.clock
    world = (setup.clock as? SimulationClock)?.world
  }

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    let payload = try JSONValue.parse(request.payload)
    let entry = "\(payload["n"]?.integer ?? -1)/\(payload["step"]?.string ?? "")"
    try? await clock.sleep(for: world?.delay() ?? .zero)
    if request.operation.name == "ledger.undo" { world?.undo(entry) } else { world?.put(entry) }
    return request.payload
  }
}

/// Counts by key.
struct Tally: Reducer {
  init(_ setup: ReducerSetup) {}

  func decide(_ state: JSONValue?, _ input: StreamInput, now: Timestamp) throws -> Reaction {
    guard case .request = input else { return Reaction() }
    var reaction = Reaction()
    reaction.events = [NewEvent("added", [:])]
    reaction.answer = .current(.success(Bytes(#"{"total":\#((state?["total"]?.integer ?? 0) + 1)}"#)))
    return reaction
  }

  func evolve(_ state: JSONValue?, _ event: StreamEvent) throws -> JSONValue {
    ["total": .integer((state?["total"]?.integer ?? 0) + 1)]
  }
}
