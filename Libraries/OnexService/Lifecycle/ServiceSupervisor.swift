import OnexCore

/// Takes a service through its life: bootstrap, run, drain.
struct ServiceSupervisor<S: Service> {
  let context: ServiceContext
  let drainTimeout: Duration
  let startedAt: Timestamp
  let make: @Sendable (ServiceContext) throws -> S

  /// Calls `terminate` exactly once with how it ended; in a process that is the exit. Returns when nothing of the service runs
  /// any more, which after a drain that timed out may be never.
  func run(terminate: @Sendable (ServiceEnd) -> Void) async {
    await withTaskGroup(of: ServiceEnd?.self) { group in
      group.addTask { await work() }
      group.addTask { await watchDrain() }
      for await end in group {
        guard let end else { continue }
        terminate(end)
        group.cancelAll()
        return
      }
    }
  }

  private func work() async -> ServiceEnd {
    do {
      let service = try make(context)
      guard try await bootstrap(service) else { return .finished }
      context.health.running()
      context.logger.info("running", ["startup_ms": .double((context.clock.now() - startedAt).milliseconds)])
      try await service.run()
      return .finished
    } catch let failure as ServiceFailure {
      return .failed(failure)
    } catch {
      return .failed(.internalError("\(error)"))
    }
  }

  /// Cancels the bootstrap when the process is asked to end meanwhile: what it waits for may never come.
  ///
  /// - Returns: whether it was completed. One that completes although it was cancelled is run, so that it closes what it has
  ///   opened.
  private func bootstrap(_ service: S) async throws -> Bool {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await service.bootstrap()
        return true
      }
      group.addTask {
        await context.shutdown.wait()
        return false
      }
      let isComplete = try await group.next() ?? false
      group.cancelAll()
      if isComplete { return true }
      do {
        return try await group.next() ?? false
      } catch {
        return false
      }
    }
  }

  /// - Returns: `nil` when the service ended first.
  private func watchDrain() async -> ServiceEnd? {
    await context.shutdown.wait()
    guard context.shutdown.isRequested else { return nil }
    context.health.beginDraining()
    do {
      try await context.clock.sleep(for: drainTimeout)
    } catch {
      return nil
    }
    return .drainTimedOut(inFlight: context.health.inFlight)
  }
}
