import CProcess
import Glibc
import OnexCore
import OnexHTTP

/// One service as a process, from its configuration to its exit.
///
/// The health endpoint opens before anything else and closes after everything else. The main thread waits for signals; the
/// service runs on Swift's pool.
final class ServiceProcess<S: Service>: Sendable {
  private let context: ServiceContext
  private let make: @Sendable (ServiceContext) throws -> S
  private let isJob: Bool
  private let startedAt: Timestamp
  private let drainTimeout: Duration

  init(
    _ service: S.Type, _ configuration: Configuration, _ flags: Set<String>,
    _ make: @escaping @Sendable (ServiceContext) throws -> S
  ) {
    // Each arena keeps what its threads have freed; a service's threads are many and its memory is bounded.
    _ = onex_limit_malloc_arenas(2)
    let clock = SystemClock()
    startedAt = clock.now()
    let level = LogLevel.allCases.first { LogLine.name(of: $0) == configuration[CommonSettings.logLevel] } ?? .info
    let format = LineLogSink.Format(rawValue: configuration[CommonSettings.logFormat]) ?? .json
    context = ServiceContext(
      name: S.name, version: configuration[CommonSettings.version], configuration: configuration, flags: flags,
      logger: Logger(label: S.name, level: level, sink: LineLogSink(format: format)), health: HealthState(clock: clock),
      clock: clock)
    self.make = make
    isJob = S.flags.contains { flags.contains($0.name) && $0.isJob }
    drainTimeout = .seconds(configuration[CommonSettings.drainTimeoutSeconds])
  }

  func run() -> Never {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    // Masked before there is any other thread, so that all inherit it and only `sigwait` below sees them.
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    signal(SIGPIPE, SIG_IGN)
    let server = isJob ? nil : openHealthEndpoint()
    Task {
      let code = await live()
      server?.stop()
      ServiceHost.end(code)
    }
    waitForSignals(&signals)
  }

  private func openHealthEndpoint() -> HTTPServer {
    let host = context.configuration[S.healthHost]
    let port = context.configuration[S.healthPort]
    let endpoint = HealthEndpoint(
      version: context.version, serviceName: S.name, state: context.health, metrics: context.metrics,
      process: ProcessMetrics(startedAt: startedAt), ids: context.ids)
    do {
      return try HTTPServer(host: host, port: port, routes: endpoint.routes)
    } catch {
      context.logger.error("health endpoint cannot be opened", ["error": .string("\(error)"), "variable": .string(S.healthPort.name)])
      ServiceHost.end(.unavailable)
    }
  }

  /// The service's whole life.
  private func live() async -> ExitCode {
    do {
      let service = try make(context)
      context.logger.info("starting", ["version": .string(context.version)])
      let bootstrapped = try await bootstrap(service)
      if bootstrapped {
        context.health.running()
        context.logger.info("running", ["startup_ms": .double((context.clock.now() - startedAt).milliseconds)])
        try await service.run()
      }
      context.logger.info("stopped")
      return .success
    } catch let failure as ServiceFailure {
      context.logger.error("service failed", ["error": .string(failure.message), "exit_code": .integer(failure.exitCode.rawValue)])
      return failure.exitCode
    } catch {
      context.logger.error("service failed", ["error": .string("\(error)")])
      return .internalError
    }
  }

  /// - Returns: false when shutdown was requested meanwhile: then nothing was begun that must be finished.
  private func bootstrap(_ service: S) async throws -> Bool {
    let shutdown = context.shutdown
    return try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await service.bootstrap()
        return true
      }
      group.addTask {
        await shutdown.wait()
        return false
      }
      defer { group.cancelAll() }
      do {
        return try await group.next() ?? false
      } catch is CancellationError where shutdown.isRequested {
        return false
      }
    }
  }

  /// The first signal begins the drain and starts its clock; a second one ends the process at once.
  private func waitForSignals(_ signals: inout sigset_t) -> Never {
    var number: Int32 = 0
    sigwait(&signals, &number)
    context.logger.info("shutdown requested", ["signal": .integer(number)])
    context.health.draining(inFlight: context.health.inFlight)
    context.shutdown.request()
    let deadline = context.clock.uptime() + drainTimeout
    while true {
      var left = timespec()
      let remaining = max(deadline - context.clock.uptime(), .zero).microseconds
      left.tv_sec = Int(remaining / 1_000_000)
      left.tv_nsec = Int(remaining % 1_000_000) * 1000
      let received = sigtimedwait(&signals, nil, &left)
      if received < 0, errno == EINTR { continue }
      let message: StaticString = received > 0 ? "second signal: ending at once" : "drain timed out"
      context.logger.error(message, ["in_flight": .integer(context.health.inFlight)])
      ServiceHost.end(.internalError)
    }
  }
}
