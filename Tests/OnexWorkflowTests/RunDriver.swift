import OnexCore
import OnexJSON
import OnexKernel
import Testing

@testable import OnexWorkflow

/// A run as the kernel drives it: every state goes through its text, as it does through the database.
struct RunDriver {
  let workflow: Workflow
  let operation: Operation
  var state: JSONValue?
  var events: [NewEvent] = []
  /// Timers that are set, with when they are due.
  var timers: [String: Timestamp] = [:]
  var now = Timestamp(microseconds: 1_795_232_934_000_000)

  init(_ contract: String, _ operation: String) throws {
    let contract = try ContractDirectory.check(Bytes(contract), file: "order.yaml", directory: ".").get()
    workflow = try Workflow(ReducerSetup(contract: contract))
    self.operation = try #require(Operation(operation))
  }

  mutating func take(_ input: StreamInput, by reducer: (any Reducer)? = nil) throws -> Reaction {
    let reducer = reducer ?? workflow
    let reaction = try reducer.decide(state, input, now: now)
    for event in reaction.events {
      let evolved = try reducer.evolve(state, StreamEvent(type: event.type, payload: event.payload, time: now))
      state = try JSONValue.parse(evolved.encoded(), depthMax: 128)
      #expect(try WorkflowRun(json: evolved).json == evolved, "a state is read as it was written")
    }
    for timer in reaction.timers {
      switch timer {
      case .set(let name, let due): timers[name] = due
      case .cancel(let name): timers[name] = nil
      }
    }
    events += reaction.events
    if reaction.isClosed { #expect(timers.isEmpty, "an ended run leaves no timer") }
    return reaction
  }

  /// Lets time pass until a timer is due, and fires it.
  mutating func fire(_ name: String, by reducer: (any Reducer)? = nil) throws -> Reaction {
    let due = try #require(timers[name], "\(name) is not set: \(timers)")
    timers[name] = nil
    now = max(now, due)
    return try take(.timer(name: name), by: reducer)
  }

  func request(_ payload: JSONValue = ["n": 1], deadline: Timestamp? = nil) -> StreamInput {
    .request(
      StreamRequest(
        stream: StreamName(handler: "order", key: "0193a5c8-7f2e-4b61-8a55-0123456789ab"), operation: operation,
        payload: payload, envelopeID: EnvelopeID(RawUUID(high: 1, low: 1)),
        correlationID: CorrelationID(RawUUID(high: 1, low: 2)),
        digest: RequestDigest(operation: operation, payload: payload.encoded()), deadline: deadline))
  }

  func run() throws -> WorkflowRun { try WorkflowRun(json: #require(state)) }
}

extension Reaction {
  /// The error that everybody who waits is answered.
  var failure: ResponseError? {
    switch answer {
    case .everyone(.failure(let error)), .current(.failure(let error)): error
    default: nil
    }
  }

  var success: Bytes? { if case .everyone(.success(let output)) = answer { output } else { nil } }
}

extension Reaction.Answer {
  var isNone: Bool { if case .none = self { true } else { false } }
}
