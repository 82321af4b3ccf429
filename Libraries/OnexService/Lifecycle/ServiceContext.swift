import OnexCore

/// What the chassis gives a service.
public struct ServiceContext: Sendable {
  public let name: String
  public let version: String
  public let configuration: Configuration
  /// The service's own flags that were given.
  public let flags: Set<String>
  public let logger: Logger
  public let metrics: MetricRegistry
  public let health: HealthState
  public let shutdown: ShutdownSignal
  public let clock: any RuntimeClock
  public let ids: any IDSource

  public init(
    name: String, version: String = BuildVersion.current, configuration: Configuration, flags: Set<String> = [],
    logger: Logger = .disabled, metrics: MetricRegistry = MetricRegistry(), health: HealthState,
    shutdown: ShutdownSignal = ShutdownSignal(), clock: any RuntimeClock = SystemClock(),
    ids: any IDSource = RandomIDSource()
  ) {
    self.name = name
    self.version = version
    self.configuration = configuration
    self.flags = flags
    self.logger = logger
    self.metrics = metrics
    self.health = health
    self.shutdown = shutdown
    self.clock = clock
    self.ids = ids
  }

  /// The same with another clock, for parts that go by a shared one.
  public func with(clock: any RuntimeClock) -> ServiceContext {
    ServiceContext(
      name: name, version: version, configuration: configuration, flags: flags, logger: logger, metrics: metrics, health: health,
      shutdown: shutdown, clock: clock, ids: ids)
  }

  /// Returns after `pause`, or at once when the end is asked for or the task is cancelled.
  public func rest(_ pause: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await clock.sleep(for: pause) }
      group.addTask { await shutdown.wait() }
      await group.next()
      group.cancelAll()
    }
  }
}
