import OnexCore
import OnexJSON

/// The bodies of `/health` and `/ready`. Their shape is fixed by docs/reference/health.md.
struct HealthDocument {
  let snapshot: HealthSnapshot
  let version: String
  /// The folder of the runbooks.
  let runbooks: String

  var healthStatus: Int { snapshot.isBootstrapped ? 200 : 503 }

  /// - Parameter correlationID: lets an operator find this answer in what a probe recorded; only in the unhealthy body.
  func health(correlationID: RawUUID) -> Bytes {
    var writer = JSONWriter(capacity: 512)
    writer.beginObject()
    if snapshot.isBootstrapped { writeAlive(&writer) } else { writeUnhealthy(&writer, correlationID) }
    writer.endObject()
    return writer.finish()
  }

  var readyStatus: Int { snapshot.isReady ? 200 : 503 }

  func ready() -> Bytes {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.name("status")
    writer.string(snapshot.isReady ? "ready" : "not_ready")
    writer.name("version")
    writer.string(version)
    writePhase(&writer)
    writer.name("checks")
    writeChecks(&writer)
    if !snapshot.isReady { writeReasons(&writer, snapshot.reasonsNotReady) }
    writer.endObject()
    return writer.finish()
  }

  private func writeAlive(_ writer: inout JSONWriter) {
    let isDegraded = snapshot.isDegraded
    writer.name("status")
    writer.string(isDegraded ? "degraded" : "healthy")
    writer.name("version")
    writer.string(version)
    writer.name("details")
    writer.beginObject()
    writer.name("healthy")
    writer.boolean(!isDegraded)
    writer.name("degraded")
    writer.boolean(isDegraded)
    writer.name("runtime_active")
    writer.boolean(true)
    if case .draining = snapshot.phase {
      writer.name("draining")
      writer.boolean(true)
    }
    writeHandlers(&writer)
    for (name, value) in snapshot.details.members {
      writer.name(name)
      writer.value(value)
    }
    writer.endObject()
    if isDegraded { writeReasons(&writer, snapshot.troubles) }
  }

  private func writeHandlers(_ writer: inout JSONWriter) {
    writer.name("handlers")
    writer.beginObject()
    writer.name("registered")
    writer.integer(Int64(snapshot.handlersRegistered))
    writer.name("active")
    writer.integer(Int64(snapshot.handlersActive))
    if !snapshot.handlersFailed.isEmpty {
      writer.name("failed")
      writer.beginArray()
      for name in snapshot.handlersFailed { writer.string(name) }
      writer.endArray()
    }
    writer.endObject()
  }

  private func writeUnhealthy(_ writer: inout JSONWriter, _ correlationID: RawUUID) {
    writer.name("status")
    writer.string("unhealthy")
    writer.name("version")
    writer.string(version)
    writer.name("error")
    writer.string("Runtime not initialized")
    writer.name("correlation_id")
    writer.uuid(correlationID)
    writeReasons(&writer, snapshot.reasonsNotReady)
  }

  private func writePhase(_ writer: inout JSONWriter) {
    writer.name("phase")
    switch snapshot.phase {
    case .starting(let step):
      writer.string("starting")
      writer.name("step")
      writer.string(step)
    case .running:
      writer.string("running")
    case .draining(let inFlight):
      writer.string("draining")
      writer.name("in_flight")
      writer.integer(Int64(inFlight))
    }
  }

  private func writeChecks(_ writer: inout JSONWriter) {
    writer.beginObject()
    for check in snapshot.checks {
      writer.name(check.name)
      writer.beginObject()
      writer.name("state")
      writer.string(check.state.rawValue)
      writer.name("since")
      writer.timestamp(check.since)
      if let latency = check.latency {
        writer.name("latency_ms")
        writer.milliseconds(latency)
      }
      if let error = check.lastError, let at = check.lastErrorAt {
        writer.name("last_error")
        writer.string(error)
        writer.name("last_error_at")
        writer.timestamp(at)
      }
      writer.endObject()
    }
    writer.endObject()
  }

  private func writeReasons(_ writer: inout JSONWriter, _ reasons: [HealthReason]) {
    writer.name("reasons")
    writer.beginArray()
    for reason in reasons {
      writer.beginObject()
      writer.name("code")
      writer.string(reason.code)
      writer.name("since")
      writer.timestamp(reason.since)
      writer.name("message")
      writer.string(reason.message)
      writer.name("runbook")
      writer.string(reason.runbook(in: runbooks))
      writer.endObject()
    }
    writer.endArray()
  }
}
