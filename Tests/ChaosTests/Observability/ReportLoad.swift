import OnexCore
import ProcessTestSupport
import Synchronization

/// Sends reports until it is told to stop.
final class ReportLoad: ChaosLoad {
  /// Reports that are sent at once.
  private static let batch = 20
  /// How often.
  private static let interval = Duration.milliseconds(50)

  private let client: Client
  private let state: Mutex<State>

  private struct State {
    var source: ReportSource
    var sent: [Report] = []
    var isStopped = false
  }

  init(_ client: Client, seed: UInt64) {
    self.client = client
    // In whole seconds, so that the seed alone says the rest.
    let now = SystemClock().now()
    let start = Timestamp(microseconds: now.microseconds - now.microseconds % 1_000_000)
    state = Mutex(State(source: ReportSource(seed: seed, start: start)))
  }

  var sent: [Report] { state.withLock { $0.sent } }

  func stop() { state.withLock { $0.isStopped = true } }

  /// Returns when it was stopped and the broker has everything.
  func run() async throws {
    while !state.withLock({ $0.isStopped }) {
      try await send(ReportLoad.batch)
      try await SystemClock().sleep(for: ReportLoad.interval)
    }
  }

  /// Returns when the broker has them.
  func send(_ count: Int) async throws {
    let reports = state.withLock { state in
      let reports = (0..<count).map { _ in state.source.next() }
      state.sent += reports
      return reports
    }
    try await client.publish(reports.map(\.record))
  }
}
