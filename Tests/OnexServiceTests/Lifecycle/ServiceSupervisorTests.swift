import OnexCore
import OnexTestSupport
import Synchronization
import Testing

@testable import OnexService

/// A service whose life the test scripts.
private struct ScriptedService: Service {
  static let name = "scripted"

  var start: @Sendable () async throws -> Void = {}
  var work: @Sendable () async throws -> Void = {}

  init(_ context: ServiceContext) {}

  func bootstrap() async throws { try await start() }
  func run() async throws { try await work() }
}

@Suite struct ServiceSupervisorTests {
  private struct Broken: Error, CustomStringConvertible { let description = "broken" }

  private let clock = VirtualClock()
  private let health: HealthState
  private let shutdown = ShutdownSignal()

  init() { health = HealthState(clock: clock) }

  private func supervisor(_ script: @escaping @Sendable (inout ScriptedService) throws -> Void) throws
    -> ServiceSupervisor<ScriptedService>
  {
    let context = ServiceContext(
      name: "scripted", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: health,
      shutdown: shutdown, clock: clock)
    return ServiceSupervisor(context: context, drainTimeout: .seconds(30), startedAt: clock.now()) { context in
      var service = ScriptedService(context)
      try script(&service)
      return service
    }
  }

  /// How it ended, and that it ended once.
  private func end(_ script: @escaping @Sendable (inout ScriptedService) throws -> Void) async throws -> String {
    let ends = Ends()
    try await supervisor(script).run { ends.add($0) }
    return ends.text
  }

  @Test func aServiceThatReturnsEndsWithSuccess() async throws {
    #expect(try await end { _ in } == "finished 0")
  }

  @Test func theServiceIsReadyOnlyAfterItsBootstrap() async throws {
    let health = health
    let seen = Flags()
    _ = try await end { service in
      service.start = { seen.add(health.isReady) }
      service.work = { seen.add(health.isReady) }
    }
    #expect(seen.all == [false, true])
  }

  @Test func aFailureEndsWithItsOwnExitCode() async throws {
    #expect(try await end { $0.start = { throw ServiceFailure.unavailable("no broker") } } == "no broker 69")
    #expect(try await end { $0.work = { throw ServiceFailure(.configuration, "no contracts") } } == "no contracts 78")
  }

  @Test func anyOtherErrorIsAnInternalOne() async throws {
    #expect(try await end { _ in throw Broken() } == "broken 70")
    #expect(try await end { $0.start = { throw Broken() } } == "broken 70")
    #expect(try await end { $0.work = { throw Broken() } } == "broken 70")
  }

  @Test func aRequestLetsTheServiceFinishWhatItHasBegun() async throws {
    let (shutdown, health) = (shutdown, health)
    let result = try await end { service in
      service.work = {
        shutdown.request()
        health.draining(inFlight: 2)
        await shutdown.wait()
        health.draining(inFlight: 0)
      }
    }
    #expect(result == "finished 0")
    #expect(health.snapshot().phase == .draining(inFlight: 0))
  }

  @Test func aDrainThatTakesTooLongEndsWithWhatWasLeft() async throws {
    let (shutdown, health, clock) = (shutdown, health, clock)
    let (ends, release) = (Ends(), Gate())
    let supervisor = try supervisor { service in
      service.work = {
        shutdown.request()
        health.draining(inFlight: 3)
        await release.wait()
      }
    }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await supervisor.run {
          ends.add($0)
          release.open()
        }
      }
      await clock.waitForSleeper(dueWithin: .seconds(30))
      clock.advance(by: .milliseconds(29_999))
      #expect(ends.text == "")
      clock.advance(by: .milliseconds(1))
    }
    #expect(ends.text == "3 in flight 70")
  }

  @Test func aBootstrapThatWaitsIsCancelledByTheRequest() async throws {
    let (shutdown, clock) = (shutdown, clock)
    let result = try await end { service in
      service.start = {
        shutdown.request()
        try await clock.sleep(for: .seconds(3600))
      }
      service.work = { throw Broken() }
    }
    #expect(result == "finished 0")
    #expect(!health.snapshot().isBootstrapped)
  }

  @Test func aBootstrapThatCompletesAllTheSameIsRunSoThatItCloses() async throws {
    let (shutdown, hasRun, cancelled) = (shutdown, Gate(), Gate())
    let result = try await end { service in
      service.start = {
        await withTaskCancellationHandler {
          shutdown.request()
          await cancelled.wait()
        } onCancel: {
          cancelled.open()
        }
      }
      service.work = { hasRun.open() }
    }
    #expect(result == "finished 0")
    await hasRun.wait()
  }
}

private final class Flags: Sendable {
  private let flags = Mutex<[Bool]>([])

  var all: [Bool] { flags.withLock { $0 } }

  func add(_ flag: Bool) { flags.withLock { $0.append(flag) } }
}

/// Collects how a supervised service ended.
private final class Ends: Sendable {
  private let texts = Mutex<[String]>([])

  var text: String { texts.withLock { $0.joined(separator: ", ") } }

  func add(_ end: ServiceEnd) {
    let text =
      switch end {
      case .finished: "finished"
      case .failed(let failure): failure.message
      case .drainTimedOut(let inFlight): "\(inFlight) in flight"
      }
    texts.withLock { $0.append("\(text) \(end.exitCode.rawValue)") }
  }
}
