import OnexCore
import OnexKernel
import OnexTestSupport
import Synchronization

struct QuickEcho: ComputeHandler {
  static let isQuick = true
  init(_ setup: HandlerSetup) {}
  func compute(_ request: HandlerRequest) throws -> Bytes { request.payload }
}

/// Notes the order in which payloads of each key arrive, and lets other work in between.
struct SlowEcho: Handler {
  static let seen = Mutex<[Bytes]>([])
  init(_ setup: HandlerSetup) {}

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    await Task.yield()
    SlowEcho.seen.withLock { $0.append(request.payload) }
    return request.payload
  }
}

struct Broken: Handler {
  struct Exploded: Error {}
  init(_ setup: HandlerSetup) {}

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    switch request.operation.name {
    case "broken.throw": throw Exploded()
    case "broken.text": return "this is not JSON"
    case "broken.array": return "[1]"
    case "broken.large": return Bytes(#"{"a":""# + String(repeating: "x", count: 3 << 20) + #""}"#)
    default: throw HandlerError(.notAllowed, "not here", details: ["place": "here"], isRetriable: true)
    }
  }
}

/// Holds its thread and heeds no cancellation until it is let go.
struct Hanging: Handler {
  static let gate = ThreadGate()
  init(_ setup: HandlerSetup) {}

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    Hanging.gate.wait()
    return "{}"
  }
}

/// Takes a minute.
struct Sleeping: Handler {
  private let clock: any RuntimeClock
  init(_ setup: HandlerSetup) { clock = setup.clock }

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    try await clock.sleep(for: .seconds(60))
    return "{}"
  }
}

/// Succeeds at the third attempt.
struct Flaky: Handler {
  init(_ setup: HandlerSetup) {}

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    guard request.attempt >= 3 else { throw HandlerError(.handlerUnavailable, "attempt \(request.attempt)") }
    return Bytes(#"{"attempt":\#(request.attempt),"key":"\#(request.idempotencyKey)"}"#)
  }
}

struct Failing: Handler {
  static let calls = Atomic<Int>(0)
  init(_ setup: HandlerSetup) {}

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    Failing.calls.add(1, ordering: .relaxed)
    throw HandlerError(.handlerUnavailable, "the callee is down")
  }
}

/// Counts its runs, to show that a repeat is not one.
struct Counted: Handler {
  static let runs = Atomic<Int>(0)
  init(_ setup: HandlerSetup) {}

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    let run = Counted.runs.add(1, ordering: .relaxed).newValue
    return Bytes(#"{"run":\#(run)}"#)
  }
}

/// Takes `ms` milliseconds and notes every run under the payload's `id`. With `fail`, its callee is down.
struct Paying: Handler {
  static let runs = Mutex<[String: [Bytes]]>([:])
  private let clock: any RuntimeClock
  init(_ setup: HandlerSetup) { clock = setup.clock }

  static func runs(of id: String) -> Int { runs.withLock { $0[id]?.count ?? 0 } }

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    let payload = try request.json()
    Paying.runs.withLock { $0[payload["id"]?.string ?? "", default: []].append(request.payload) }
    try await clock.sleep(for: .milliseconds(payload["ms"]?.integer ?? 0))
    if payload["fail"] == true { throw HandlerError(.handlerUnavailable, "the callee is down") }
    return Bytes(#"{"paid":\#(payload["ms"]?.integer ?? 0)}"#)
  }
}
