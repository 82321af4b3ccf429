import OnexCore
import OnexJSON
import OnexKernel
import OnexRuntime
import OnexService
import OnexTestSupport
import Synchronization
import Testing

/// The whole runtime on the in-memory bus, with the contracts beside this file.
struct Harness: Sendable {
  let runtime: EmbeddedRuntime
  let context: ServiceContext
  let clock: VirtualClock?
  private let ids = RandomIDSource()

  static let handlers: [any Handler.Type] = [
    QuickEcho.self, SlowEcho.self, Broken.self, Hanging.self, Flaky.self, Failing.self, Counted.self, Sleeping.self,
    Paying.self,
  ]

  /// Everything is started anew after `body`, with other contracts.
  struct Restart: Sendable {
    let contracts: String
    let body: @Sendable (Harness, VirtualClock) async throws -> Void
  }

  /// Runs `body` in a simulation: time passes by itself whenever nothing else can happen, and the same way each time.
  static func simulate(
    seed: UInt64 = 1, restart: Restart? = nil, replySigningKeys: [String] = [],
    _ body: @escaping @Sendable (Harness, VirtualClock) async throws -> Void
  ) async throws {
    let outcome = Mutex<Result<Void, any Error>?>(nil)
    let clock = VirtualClock()
    let ending = try await OwnThread.run {
      let executor = SimulationExecutor(seed: seed, clock: clock)
      return executor.run {
        do {
          let harness = try Harness(clock: clock, executor: executor, replySigningKeys: replySigningKeys)
          try await harness.runtime.withRunning { try await body(harness, clock) }
          if let restart {
            let later = try Harness(clock: clock, executor: executor, contracts: restart.contracts, after: harness.runtime)
            try await later.runtime.withRunning { try await restart.body(later, clock) }
          }
          outcome.withLock { $0 = .success(()) }
        } catch {
          outcome.withLock { $0 = .failure(error) }
        }
      }
    }
    #expect(ending == .finished)
    try outcome.withLock { $0 }?.get()
  }

  /// - Parameters:
  ///   - contracts: a folder of contracts; the one beside this file when it is left out.
  ///   - earlier: a runtime that has ended, whose records and streams this one goes on with.
  init(
    clock: VirtualClock? = nil, executor: SimulationExecutor? = nil, contracts: String? = nil,
    after earlier: EmbeddedRuntime? = nil, replySigningKeys: [String] = [],
    file: String = #filePath
  ) throws {
    self.clock = clock
    let time: any RuntimeClock = clock ?? SystemClock()
    context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(clock: time),
      clock: time)
    let folder = file.split(separator: "/").dropLast().joined(separator: "/")
    var options = RoleOptions(contractsDirectory: contracts ?? "/\(folder)/Contracts")
    options.handlerExecutor = executor
    options.replySigningKeys = replySigningKeys
    runtime = try EmbeddedRuntime(
      handlers: Harness.handlers, reducers: [Counter.self], options: options, context: context, http: NoHTTP(),
      busClock: executor == nil ? SystemClock() : time, after: earlier)
  }

  /// Sends one request and gives its response as a tree.
  func ask(
    _ operation: String, _ payload: String = "{}", extra: String = "", correlation: CorrelationID? = nil
  ) async throws -> JSONValue {
    let id = correlation ?? CorrelationID(ids.next())
    let text = #"{"operation":"\#(operation)","correlation_id":"\#(id)"\#(extra),"payload":\#(payload)}"#
    return try await send(Bytes(text), id)
  }

  func send(_ text: Bytes, _ id: CorrelationID) async throws -> JSONValue {
    // Bounded by the suite's own time limit; a virtual clock would never end the wait.
    let answer = try await runtime.request(text, correlationID: id, timeout: .seconds(3600))
    guard let answer else { throw NoAnswer() }
    return try JSONValue.parse(answer)
  }

  struct NoAnswer: Error {}

  /// Every record of a topic so far.
  func records(of topic: String) async throws -> [ConsumedRecord] {
    let reader = try await runtime.bus.reader(topics: [topic], from: .beginning)
    return await reader.poll(PollLimit(wait: .milliseconds(1))).flatMap { event -> [ConsumedRecord] in
      if case .records(let records) = event { records } else { [] }
    }
  }
}

private struct NoHTTP: HTTPClient {
  func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
    throw HTTPClientError(.connectionFailed, "no test reaches outside")
  }
}
