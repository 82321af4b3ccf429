import OnexCore
import OnexService

/// A service that behaves, or misbehaves, as `PROBE_MODE` says. The tests of the chassis run it as a process.
struct ProbeService: Service {
  static let name = "probe-service"
  static let summary = "Behaves as its tests ask it to."
  static let groups: [SettingGroup] = [.kafka, .postgres]
  static let flags = [ServiceFlag("--once", help: "Ends at once.", isJob: true)]
  static let mode = Setting.choice(
    "PROBE_MODE", of: ["serve", "wait", "unavailable", "crash", "hang", "block"], default: "serve", help: "What goes wrong.")
  static let settings: [any AnySetting] = [mode]

  let context: ServiceContext

  init(_ context: ServiceContext) { self.context = context }

  func bootstrap() async throws {
    context.health.starting("probe")
    switch context.configuration[ProbeService.mode] {
    case "unavailable": throw ServiceFailure.unavailable("the probe's dependency is away")
    case "wait":
      context.logger.info("waiting")
      try await context.clock.sleep(for: .seconds(3600))
    default: break
    }
  }

  func run() async throws {
    guard context.flags.isEmpty else { return }
    switch context.configuration[ProbeService.mode] {
    case "crash": throw Crash()
    case "block": await occupyEveryThread()
    default: await context.shutdown.wait()
    }
    guard context.configuration[ProbeService.mode] == "hang" else { return }
    context.health.draining(inFlight: 3)
    try await context.clock.sleep(for: .seconds(3600))
  }

  /// As handlers would that never return: nothing else of Swift's pool runs from here on.
  private func occupyEveryThread() async {
    let logger = context.logger
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<256 {
        group.addTask {
          logger.info("occupied")
          while true {}
        }
      }
    }
  }

  private struct Crash: Error, CustomStringConvertible { let description = "the probe crashed" }
}

ServiceHost.main(ProbeService.self)
