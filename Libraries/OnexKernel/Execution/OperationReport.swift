import OnexCore
import OnexService
import Synchronization

/// Tells about the requests that a role has decided: counts and durations by operation and outcome, a line in the log for each
/// distinct failure, and operations that were routed here although no contract of this process has them.
package final class OperationReport: Sendable {
  /// The same failure of the same operation is logged once in this time, with how often it was met since.
  package static let repeatsFor: Duration = .seconds(60)
  /// Time that `OPERATION_NOT_HERE` stays after the last such request.
  package static let shownFor: Duration = .seconds(600)
  /// Distinct names of such operations that are told; senders choose them.
  private static let namesMax = 16

  /// One operation's instruments, looked up once.
  struct Series: Sendable {
    fileprivate let label: String
    fileprivate let succeeded: Counter
    fileprivate let duration: Histogram
  }

  private struct Failure: Hashable {
    let operation: String
    let code: ErrorCode
  }

  private struct Told {
    var at: Duration
    var repeats: Int
  }

  private struct State {
    var told: [Failure: Told] = [:]
    var absent: [String] = []
    var absentAt: Duration?
  }

  private static let notHere = "OPERATION_NOT_HERE"

  private let context: ServiceContext
  private let group: String
  private let state = Mutex(State())

  package init(_ context: ServiceContext, group: String) {
    self.context = context
    self.group = group
  }

  func series(_ operation: LoadedOperation) -> Series {
    let label = operation.label
    return Series(
      label: label, succeeded: counter(label, "success"),
      duration: context.metrics.histogram(
        "onex_request_duration_seconds", help: "Time from the decision about a request to its outcome, all attempts included.",
        labels: [("group", group), ("operation", label)]))
  }

  func finished(_ series: Series, _ outcome: ResponseEnvelope.Outcome, after duration: Duration, _ envelope: Envelope) {
    series.duration.record(duration)
    switch outcome {
    case .success: series.succeeded.add()
    case .failure(let error):
      counter(series.label, error.code.rawValue).add()
      tell(error, Failure(operation: series.label, code: error.code), envelope)
    }
    context.logger.debug(
      "request decided",
      [
        "operation": .string(series.label), "outcome": .string(OperationReport.name(of: outcome)),
        "duration_ms": .double(duration.milliseconds), "envelope_id": .text(envelope.envelopeID),
        "correlation_id": .text(envelope.correlationID),
      ])
  }

  /// A request was routed to this role, and no contract of this process answers it: other members of the group may have one.
  func notHere(_ envelope: Envelope) -> ResponseError {
    let name = envelope.operation.name
    counter("", ErrorCode.handlerUnavailable.rawValue).add()
    let names: [String] = state.withLock { state in
      state.absentAt = context.clock.uptime()
      guard !state.absent.contains(name), state.absent.count < OperationReport.namesMax else { return [] }
      state.absent.append(name)
      return state.absent
    }
    if !names.isEmpty {
      context.logger.warning(
        "a request was routed here, and no contract of this process answers it", ["operation": .string(name)])
      let list = names.joined(separator: ", ")
      context.health.raise(
        OperationReport.notHere,
        message: "requests for \(list) are routed to the group \(group), and this member has no contract for them",
        blocksReadiness: false)
    }
    return ResponseError(
      .handlerUnavailable,
      "the operation \(name) is routed to the group \(group), and the member that took it has no contract for it")
  }

  /// Clears what has not happened for long. Called about once a second.
  package func clearOld() {
    let now = context.clock.uptime()
    let isOver = state.withLock { state in
      guard let last = state.absentAt, now - last >= OperationReport.shownFor else { return false }
      (state.absent, state.absentAt) = ([], nil)
      return true
    }
    if isOver { context.health.clear(OperationReport.notHere) }
  }

  private func tell(_ error: ResponseError, _ failure: Failure, _ envelope: Envelope) {
    let now = context.clock.uptime()
    let repeats: Int? = state.withLock { state in
      if let told = state.told[failure], now - told.at < OperationReport.repeatsFor {
        state.told[failure]?.repeats += 1
        return nil
      }
      let repeats = state.told[failure]?.repeats ?? 0
      state.told[failure] = Told(at: now, repeats: 0)
      return repeats
    }
    guard let repeats else { return }
    context.logger.warning(
      "request failed",
      [
        "operation": .string(failure.operation), "code": .string(failure.code.rawValue), "error": .string(error.message),
        "repeats": .integer(repeats), "envelope_id": .text(envelope.envelopeID), "correlation_id": .text(envelope.correlationID),
      ])
  }

  private static func name(of outcome: ResponseEnvelope.Outcome) -> String {
    if case .failure(let error) = outcome { error.code.rawValue } else { "success" }
  }

  private func counter(_ operation: String, _ outcome: String) -> Counter {
    context.metrics.counter(
      "onex_requests_total", help: "Requests with an outcome: success, or the code of the error.",
      labels: [("group", group), ("operation", operation), ("outcome", outcome)])
  }
}
