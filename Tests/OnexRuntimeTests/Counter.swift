import OnexCore
import OnexJSON
import OnexKernel

/// Counts by key; answers at once, after a time, or when another handler has answered.
struct Counter: Reducer {
  init(_ setup: ReducerSetup) {}

  func decide(_ state: JSONValue?, _ input: StreamInput, now: Timestamp) throws -> Reaction {
    var reaction = Reaction()
    let total = state?["total"]?.integer ?? 0
    switch input {
    case .request(let request) where request.operation.name == "counter.refuse":
      reaction.events = [NewEvent("added", ["n": 1000])]
      reaction.timers = [.set(name: "never", at: now)]
      throw HandlerError(.notAllowed, "counting to \(total) is enough")
    case .request(let request):
      let number = request.payload["n"]?.integer ?? 1
      reaction.events = [NewEvent("added", ["n": .integer(number)])]
      if request.operation.name == "counter.later" {
        reaction.timers = [.set(name: "later", at: now + .seconds(10))]
      } else if request.operation.name == "counter.ask" {
        guard let echo = Operation("slow.echo") else { break }
        reaction.intents = [Intent(name: "ask/\(total)", operation: echo, payload: Bytes(#"{"asked":\#(total)}"#))]
      } else {
        reaction.answer = .current(.success(Bytes(#"{"total":\#(total + number)}"#)))
      }
    case .response(let intent, let result):
      if case .success(let payload) = result {
        reaction.answer = .everyone(.success(Bytes(#"{"intent":"\#(intent)","asked":\#(payload["asked"]?.integer ?? -1)}"#)))
      }
    case .timer(let name):
      reaction.answer = .everyone(.success(Bytes(#"{"timer":"\#(name)","total":\#(total)}"#)))
    }
    return reaction
  }

  func evolve(_ state: JSONValue?, _ event: StreamEvent) throws -> JSONValue {
    ["total": .integer((state?["total"]?.integer ?? 0) + (event.payload["n"]?.integer ?? 0))]
  }

  func project(_ stream: StreamName, _ state: JSONValue, _ event: StreamEvent) throws -> [ProjectionChange] {
    [ProjectionChange(projection: "counters", key: stream.key, value: state.encoded())]
  }
}
