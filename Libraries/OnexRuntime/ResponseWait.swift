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

  /// The text of the first response with this correlation id; `nil` when there was none in time.
  public func first(_ correlationID: CorrelationID, timeout: Duration) async -> Bytes? {
    var decoder = ResponseDecoder()
    let end = clock.uptime() + timeout
    while clock.uptime() < end, !Task.isCancelled {
      let wait = min(end - clock.uptime(), .milliseconds(250))
      for event in await reader.poll(PollLimit(wait: wait)) {
        guard case .records(let records) = event else { continue }
        for record in records {
          guard case .success(let response) = decoder.decode(record), response.correlationID == correlationID else { continue }
          return record.value
        }
      }
    }
    return nil
  }
}
