import OnexCore
import Synchronization

/// What a service knows about itself, for the endpoints to show. Every part of the service writes here; any thread may.
public final class HealthState: Sendable {
  /// Bounds on what is kept. Codes and names come from the program and its contracts, so that they are never reached by
  /// traffic; what is beyond them is dropped.
  static let reasonsMax = 32
  static let checksMax = 64
  static let failedHandlersMax = 1000
  static let detailsMax = 16
  /// Parts of the process that raise one reason.
  static let sourcesMax = 256
  /// A reason is to be read; what is longer belongs into the log.
  static let messageBytesMax = 2048

  private let clock: any RuntimeClock
  private let state: Mutex<HealthSnapshot>
  /// By code, those that have raised it and have not cleared it.
  private let sources = Mutex<[String: Set<String>]>([:])

  public init(clock: any RuntimeClock = SystemClock()) {
    self.clock = clock
    self.state = Mutex(HealthSnapshot(phase: .starting(step: "configuration"), since: clock.now()))
  }

  /// Names the step of the start that begins now.
  public func starting(_ step: String) {
    let now = clock.now()
    state.withLock { state in
      guard case .starting(let current) = state.phase, current != step else { return }
      state.phase = .starting(step: step)
      state.since = now
    }
  }

  /// Bootstrap is done. A process that drains already goes on draining.
  public func running() {
    let now = clock.now()
    state.withLock { state in
      state.isBootstrapped = true
      guard case .starting = state.phase else { return }
      state.phase = .running
      state.since = now
    }
  }

  /// No new work is taken; `inFlight` pieces of work are still to be finished. Called again as they finish.
  public func draining(inFlight: Int) {
    let now = clock.now()
    state.withLock { state in
      if case .draining = state.phase {} else { state.since = now }
      state.phase = .draining(inFlight: max(inFlight, 0))
    }
  }

  /// No new work is taken. What is under way is for the service to say, and what it has said already stays.
  func beginDraining() {
    let now = clock.now()
    state.withLock { state in
      if case .draining = state.phase { return }
      state.since = now
      state.phase = .draining(inFlight: 0)
    }
  }

  /// Raises a reason, or updates its message. It shows the service as degraded until it is cleared.
  ///
  /// - Parameters:
  ///   - code: upper case, for example `BROKER_UNREACHABLE`.
  ///   - blocksReadiness: whether `/ready` is 503 meanwhile.
  public func raise(_ code: String, message: String, blocksReadiness: Bool) {
    let now = clock.now()
    state.withLock { state in
      let known = state.reasons.firstIndex { $0.code == code }
      let reason = HealthReason(
        code: code, since: known.map { state.reasons[$0].since } ?? now, message: HealthState.cut(message),
        blocksReadiness: blocksReadiness)
      if let known {
        state.reasons[known] = reason
      } else if state.reasons.count < HealthState.reasonsMax {
        state.reasons.append(reason)
      }
    }
  }

  /// Raises a reason that several parts of the process can raise: it stays until each of them has cleared it.
  ///
  /// - Parameter source: the part that saw it; a name from the program.
  public func raise(_ code: String, from source: String, message: String, blocksReadiness: Bool) {
    // Under the lock: of two at once, the last one holds.
    sources.withLock { sources in
      guard sources[code]?.contains(source) == true || sources[code]?.count ?? 0 < HealthState.sourcesMax else { return }
      sources[code, default: []].insert(source)
      raise(code, message: message, blocksReadiness: blocksReadiness)
    }
  }

  /// The reason is over as far as this part of the process can see.
  public func clear(_ code: String, from source: String) {
    sources.withLock { sources in
      guard sources[code]?.remove(source) != nil, sources[code]?.isEmpty == true else { return }
      sources[code] = nil
      clear(code)
    }
  }

  /// The reason is over. Nothing happens when it was not raised.
  public func clear(_ code: String) {
    state.withLock { $0.reasons.removeAll { $0.code == code } }
  }

  /// The present state of a dependency. `/ready` is 503 while any check is down.
  ///
  /// - Parameters:
  ///   - latency: of the last round trip, where there is one.
  ///   - error: the last error; stays on show, with its time, after the dependency is back.
  public func check(_ name: String, state checked: CheckState, latency: Duration? = nil, error: String? = nil) {
    let now = clock.now()
    state.withLock { state in
      let known = state.checks.firstIndex { $0.name == name }
      guard known != nil || state.checks.count < HealthState.checksMax else { return }
      var check = known.map { state.checks[$0] } ?? HealthCheck(name: name, state: checked, since: now)
      if check.state != checked {
        check.state = checked
        check.since = now
      }
      check.latency = latency
      if let error {
        check.lastError = HealthState.cut(error)
        check.lastErrorAt = now
      }
      if let known { state.checks[known] = check } else { state.checks.append(check) }
    }
  }

  /// How many handlers the contracts declare, how many can run, and which cannot. A failed one degrades the service.
  public func handlers(registered: Int, active: Int, failed: [String] = []) {
    let now = clock.now()
    state.withLock { state in
      if failed.isEmpty {
        state.handlersFailedSince = nil
      } else if state.handlersFailedSince == nil {
        state.handlersFailedSince = now
      }
      state.handlersRegistered = registered
      state.handlersActive = active
      state.handlersFailed = Array(failed.prefix(HealthState.failedHandlersMax))
    }
  }

  /// Something of the service's own for the `details` of `/health`; `nil` takes it away. It changes nothing about being healthy or
  /// ready.
  public func detail(_ name: String, _ value: JSONValue?) {
    state.withLock { state in
      guard state.details[name] != nil || state.details.count < HealthState.detailsMax else { return }
      state.details[name] = value
    }
  }

  /// Pieces of work left, as last reported while draining.
  public var inFlight: Int {
    if case .draining(let count) = snapshot().phase { count } else { 0 }
  }

  /// Whether `/ready` answers 200.
  public var isReady: Bool { snapshot().isReady }

  private static func cut(_ message: String) -> String {
    guard message.utf8.count > messageBytesMax else { return message }
    return String(decoding: message.utf8.prefix(messageBytesMax), as: UTF8.self) + "…"
  }

  func snapshot() -> HealthSnapshot { state.withLock { $0 } }
}
