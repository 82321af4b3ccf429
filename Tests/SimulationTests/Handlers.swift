import OnexCore
import OnexJSON
import OnexKernel
import Synchronization

struct Echo: ComputeHandler {
  static let isQuick = true
  init(_ setup: HandlerSetup) {}
  func compute(_ request: HandlerRequest) throws -> Bytes { request.payload }
}

/// The outside world: it has no inbox, and counts how often each call reached it.
final class OutsideWorld: Sendable {
  private let calls = Mutex<[String: Int]>([:])

  func call(_ operation: String, key: String) { calls.withLock { $0["\(operation) \(key)", default: 0] += 1 } }
  var all: [String: Int] { calls.withLock { $0 } }
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
