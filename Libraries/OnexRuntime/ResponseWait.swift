import OnexCore
import OnexJSON

/// Finds the response of one request among those of all others.
public struct ResponseWait: Sendable {
  private let reader: any EventReader
  private let clock: any RuntimeClock

  /// - Parameter reader: of the response topic, made before the request is sent.
  public init(reader: any EventReader, clock: any RuntimeClock) {
    self.reader = reader
    self.clock = clock
  }

  /// The text of the first response to this request; `nil` when there was none in time.
  ///
  /// - Parameters:
  ///   - correlationID: of the request. Other messages may carry it as well.
  ///   - request: the request's `envelope_id`, which a response names as its `causation_id`. A response that names another, or none,
  ///     is left out: a correlation id is known to more programs than the sender. `nil` only for a request that carries no id.
  /// - Throws: what keeps the broker from being read: at once when that is final, else when the time is up.
  public func first(
    _ correlationID: CorrelationID, causedBy request: EnvelopeID? = nil, timeout: Duration
  ) async throws(EventBusError) -> Bytes? {
    var decoder = ResponseDecoder()
    var fault: EventBusError?
    let end = clock.uptime() + timeout
    while clock.uptime() < end, !Task.isCancelled {
      let wait = min(end - clock.uptime(), .milliseconds(250))
      for event in await reader.poll(PollLimit(wait: wait)) {
        switch event {
        case .fault(let error) where error.isFatal: throw error
        case .fault(let error): fault = error
        case .recovered: fault = nil
        case .records(let records):
          fault = nil
          if let found = records.first(where: { answers($0, correlationID, request, &decoder) }) { return found.value }
        default: break
        }
      }
    }
    if let fault { throw fault }
    return nil
  }

  private func answers(
    _ record: ConsumedRecord, _ correlationID: CorrelationID, _ request: EnvelopeID?, _ decoder: inout ResponseDecoder
  ) -> Bool {
    guard case .success(let response) = decoder.decode(record), response.correlationID == correlationID else { return false }
    return request == nil || response.causationID == request
  }
}
