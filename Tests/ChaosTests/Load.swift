import OnexCore
import OnexTestSupport
import ProcessTestSupport
import Synchronization

/// Sends requests of every kind until it is told to stop. An outage of the broker holds it up; nothing else does.
final class Load: ChaosLoad {
  /// Requests that are sent at once.
  private static let batch = 10
  /// How often.
  private static let interval = Duration.milliseconds(100)
  private static let keys = 16
  /// One of so many is sent a second time, as a client does that has not heard of the broker.
  private static let repeated = 50

  let folder: String
  private let client: Client
  private let kinds: Set<SentRequest.Kind>
  private let state: Mutex<State>

  private struct State {
    var random: SplitMix
    var sent: [SentRequest] = []
    var isStopped = false
    var isPaused = false
    var isSending = false
  }

  /// - Parameter kinds: requests of other kinds become echoes.
  init(_ client: Client, seed: UInt64, folder: String, kinds: Set<SentRequest.Kind> = Set(SentRequest.Kind.allCases)) {
    self.client = client
    self.kinds = kinds
    self.folder = folder
    state = Mutex(State(random: SplitMix(seed: seed)))
  }

  var sent: [SentRequest] { state.withLock { $0.sent } }

  func stop() { state.withLock { $0.isStopped = true } }

  /// Returns when the broker has everything that was sent; nothing is sent until `resume`.
  func pause() async throws {
    state.withLock { $0.isPaused = true }
    _ = try await TestEnvironment.eventually("the broker has what was sent", within: .seconds(60)) {
      state.withLock { $0.isSending } ? nil : true
    }
  }

  func resume() { state.withLock { $0.isPaused = false } }

  /// Returns when it was stopped and the broker has everything.
  func run() async throws {
    let clock = SystemClock()
    while !state.withLock({ $0.isStopped }) {
      let requests = next()
      let now = clock.now()
      try await client.publish(
        requests.map { OutboundRecord(topic: Topics.requests, key: Bytes($0.key), value: $0.text(folder: folder, now: now)) })
      state.withLock { $0.isSending = false }
      try await clock.sleep(for: Load.interval)
    }
  }

  private func next() -> [SentRequest] {
    state.withLock { state in
      var batch: [SentRequest] = []
      guard !state.isPaused else { return batch }
      state.isSending = true
      for _ in 0..<Load.batch {
        let request = request(state.sent.count, &state.random)
        state.sent.append(request)
        batch.append(request)
        if Int.random(in: 0..<Load.repeated, using: &state.random) == 0 { batch.append(request) }
      }
      return batch
    }
  }

  private func request(_ sequence: Int, _ random: inout SplitMix) -> SentRequest {
    let id = RawUUID(random: random.next(), random.next()).description
    let drawn: SentRequest.Kind =
      switch Int.random(in: 0..<100, using: &random) {
      case ..<50: .echo
      case ..<75: .write
      case ..<85: .order
      case ..<95: .patient
      default: .hasty
      }
    let kind = kinds.contains(drawn) ? drawn : .echo
    let shared = "key-\(Int.random(in: 0..<Load.keys, using: &random))"
    return SentRequest(id: id, kind: kind, key: kind == .echo || kind == .write ? shared : id, sequence: sequence)
  }
}
