import CProcess
import OnexCore
import OnexHTTP

/// One service as a process, from its valid configuration to its exit.
///
/// The health endpoint opens before anything else and closes after everything else. The main thread waits for signals; the
/// service runs on Swift's pool.
struct ServiceProcess<S: Service> {
  /// malloc keeps one pool of memory for each of so many threads at most. By default it makes eight for each core: every thread
  /// then hoards what others have freed, and resident memory grows with the number of threads instead of with the work.
  private static var mallocArenas: Int32 { 2 }

  /// By then a process that could not end itself at the end of its drain is ended by the main thread: handlers that never
  /// return may occupy every thread that tasks run on.
  private static var drainBackstop: Duration { .seconds(1) }

  private let context: ServiceContext
  private let make: @Sendable (ServiceContext) throws -> S
  private let drainTimeout: Duration
  private let startedAt: Timestamp

  init(
    _ service: S.Type, _ configuration: Configuration, _ flags: Set<String>,
    _ make: @escaping @Sendable (ServiceContext) throws -> S
  ) {
    _ = onex_tune_malloc(ServiceProcess.mallocArenas)
    let clock = SystemClock()
    let metrics = MetricRegistry()
    let lost = metrics.counter("onex_log_lines_lost_total", help: "Log lines dropped because their reader did not keep up.")
    let sink = LineLogSink(
      format: LineLogSink.Format(rawValue: configuration[CommonSettings.logFormat]) ?? .json,
      output: LogOutput(lostTotal: lost), clock: clock)
    let level = LogLevel.allCases.first { LogLine.name(of: $0) == configuration[CommonSettings.logLevel] } ?? .info
    context = ServiceContext(
      name: S.name, version: configuration[CommonSettings.version], configuration: configuration, flags: flags,
      logger: Logger(label: S.name, level: level, sink: sink), metrics: metrics, health: HealthState(clock: clock),
      clock: clock)
    self.make = make
    drainTimeout = .seconds(configuration[CommonSettings.drainTimeoutSeconds])
    startedAt = clock.now()
  }

  func run() -> Never {
    var signals = TerminationSignals()
    let server = S.isJob(context.configuration, flags: context.flags) ? nil : openHealthEndpoint()
    let supervisor = ServiceSupervisor(context: context, drainTimeout: drainTimeout, startedAt: startedAt, make: make)
    // The root of all tasks, and the only one that no other task owns: this thread waits for signals, not for a task.
    Task { await supervisor.run { end($0, server) } }
    waitForSignals(&signals)
  }

  /// Before any step of the bootstrap, so that a start that hangs says where.
  private func openHealthEndpoint() -> HTTPServer {
    let host = context.configuration[S.healthHost]
    let endpoint = HealthEndpoint(
      version: context.version, runbooks: context.configuration[CommonSettings.runbooks], serviceName: S.name,
      state: context.health, metrics: context.metrics,
      process: ProcessMetrics(startedAt: startedAt), ids: context.ids)
    do {
      let server = try HTTPServer(host: host, port: context.configuration[S.healthPort], routes: endpoint.routes)
      context.logger.info(
        "starting", ["version": .string(context.version), "health_host": .string(host), "health_port": .integer(server.port)])
      return server
    } catch {
      let isAboutPort = error.code == .addressInUse || error.code == .permissionDenied
      let setting: any AnySetting = isAboutPort ? S.healthPort : S.healthHost
      let variable = context.configuration.entry(setting.name)?.variable ?? setting.name
      context.logger.error(
        "health endpoint cannot be opened", ["error": .string(error.message), "variable": .string(variable)])
      StandardStream.error.write("\(S.name): \(error.message); \(variable) sets another\n")
      ServiceHost.end(.unavailable)
    }
  }

  /// The first signal begins the drain; a second one ends the process at once.
  private func waitForSignals(_ signals: inout TerminationSignals) -> Never {
    let first = signals.next()
    context.logger.info("draining", ["signal": .string(first), "timeout_s": .double(drainTimeout.seconds)])
    context.health.beginDraining()
    context.shutdown.request()
    if let second = signals.next(within: drainTimeout + ServiceProcess.drainBackstop) {
      context.logger.error(
        "second signal: ending at once", ["signal": .string(second), "in_flight": .integer(context.health.inFlight)])
    } else {
      context.logger.error("drain timed out", ["in_flight": .integer(context.health.inFlight)])
    }
    ServiceHost.end(.internalError)
  }

  private func end(_ end: ServiceEnd, _ server: HTTPServer?) {
    switch end {
    case .finished:
      context.logger.info("stopped")
    case .failed(let failure):
      context.logger.error(
        "service failed", ["error": .string(failure.message), "exit_code": .integer(failure.exitCode.rawValue)])
    case .drainTimedOut(let inFlight):
      context.logger.error("drain timed out", ["in_flight": .integer(inFlight)])
    }
    server?.stop()
    ServiceHost.end(end.exitCode)
  }
}
