import OnexCore

/// A dependency or role as last seen.
struct HealthCheck: Sendable, Equatable {
  let name: String
  var state: CheckState
  var since: Timestamp
  var latency: Duration?
  var lastError: String?
  var lastErrorAt: Timestamp?
}

/// Everything the endpoints show, at one moment. The rules of what is alive, healthy and ready are here, pure.
struct HealthSnapshot: Sendable, Equatable {
  enum Phase: Sendable, Equatable {
    case starting(step: String)
    case running
    case draining(inFlight: Int)
  }

  /// Raised by whoever loads handlers, with what went wrong; added here only where nobody did.
  static let handlerFailed = "HANDLER_FAILED_TO_LOAD"

  var phase: Phase
  /// When the phase (or, while starting, the step) began.
  var since: Timestamp
  /// Stays true once it is; false while a process that was asked to end during its start drains.
  var isBootstrapped = false
  var reasons: [HealthReason] = []
  var checks: [HealthCheck] = []
  /// The service's own, by name.
  var details = JSONObject()
  var handlersRegistered = 0
  var handlersActive = 0
  var handlersFailed: [String] = []
  var handlersFailedSince: Timestamp?

  init(phase: Phase, since: Timestamp) {
    self.phase = phase
    self.since = since
  }

  var isDegraded: Bool { !troubles.isEmpty }

  var isReady: Bool { phase == .running && !troubles.contains(where: \.blocksReadiness) }

  /// What is wrong, apart from the phase: raised reasons, failed handlers, and a down check that nobody explained. What blocks readiness
  /// comes first: whoever reads one line reads why.
  var troubles: [HealthReason] {
    var all = reasons
    if let since = handlersFailedSince, !reasons.contains(where: { $0.code == HealthSnapshot.handlerFailed }) {
      let count = handlersFailed.count
      all.append(
        HealthReason(
          code: HealthSnapshot.handlerFailed, since: since,
          message: "\(count) \(count == 1 ? "handler" : "handlers") could not be loaded",
          blocksReadiness: false))
    }
    if !reasons.contains(where: \.blocksReadiness), let down = checks.first(where: { $0.state == .down }) {
      all.append(
        HealthReason(
          code: "DEPENDENCY_DOWN", since: down.since, message: "\(down.name) is down" + (down.lastError.map { ": \($0)" } ?? ""),
          blocksReadiness: true))
    }
    return all.filter(\.blocksReadiness) + all.filter { !$0.blocksReadiness }
  }

  /// Why `/ready` is 503; empty when it is 200.
  var reasonsNotReady: [HealthReason] {
    switch phase {
    case .running:
      return troubles.contains(where: \.blocksReadiness) ? troubles : []
    case .starting(let step):
      return [phaseReason("STARTING", "starting: \(step)")] + troubles
    case .draining(let inFlight):
      return [phaseReason("DRAINING", "draining: \(inFlight) in flight")] + troubles
    }
  }

  private func phaseReason(_ code: String, _ message: String) -> HealthReason {
    HealthReason(code: code, since: since, message: message, blocksReadiness: true)
  }
}
