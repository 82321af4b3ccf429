import OnexCore
import OnexInMemory
import OnexJSON
import OnexKernel
import OnexService

/// The whole runtime in this process, on the in-memory bus: no broker, no database. `onexctl try` and tests use it; what it
/// runs is the kernel that the services run.
public final class EmbeddedRuntime: Sendable {
  public let bus: InMemoryEventBus
  public let catalogue: ContractCatalogue
  /// What `runtime-main` keeps.
  public let store: InMemoryStore
  private let context: ServiceContext
  private let pipelines: [Pipeline]

  /// - Parameters:
  ///   - handlers: of every kind.
  ///   - reducers: besides the runtime's own.
  ///   - http: for handlers that reach outside.
  ///   - busClock: waiting for a record is no matter of the runtime's time, which a test may stand still in.
  ///   - earlier: a runtime that has ended; this one goes on with its records and streams, as a process does after a restart.
  public init(
    handlers: [any Handler.Type], reducers: [any Reducer.Type] = [], options: RoleOptions, context: ServiceContext,
    http: any HTTPClient, busClock: any RuntimeClock = SystemClock(), after earlier: EmbeddedRuntime? = nil
  ) throws {
    self.context = context
    bus = earlier?.bus ?? InMemoryEventBus(clock: busClock)
    let contracts = LoadedContracts.load(options, context)
    catalogue = contracts.catalogue
    let router = RouterRole(group: "onex-runtime-main", topics: RoutingTopics(), reducers: reducers)
    store = earlier?.store ?? InMemoryStore(clock: context.clock)
    pipelines = try EmbeddedRoles(router: router, handlers: handlers, http: http)
      .pipelines(bus, contracts, store, options, context)
  }

  /// Runs while `body` does; then everything in flight is finished.
  public func withRunning<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for pipeline in pipelines { group.addTask { try await pipeline.run() } }
      defer { context.shutdown.request() }
      return try await body()
    }
  }

  /// Sends a request and waits for its response; call it inside `withRunning`.
  ///
  /// - Parameters:
  ///   - value: the envelope as JSON; it must carry `correlationID`, and `envelopeID` where that is given.
  ///   - envelopeID: the response must name it as its cause.
  /// - Returns: the response's text; `nil` when none came in time.
  public func request(
    _ value: Bytes, correlationID: CorrelationID, envelopeID: EnvelopeID? = nil, timeout: Duration
  ) async throws -> Bytes? {
    let reader = try await bus.reader(topics: [Topics.responses], from: .end)
    let producer = try bus.producer()
    let failures = await producer.publish([
      OutboundRecord(topic: Topics.requests, key: Bytes(correlationID.description), value: value)
    ])
    if let failure = failures.first { throw failure.error }
    return try await ResponseWait(reader: reader, clock: context.clock).first(
      correlationID, causedBy: envelopeID, timeout: timeout)
  }
}
