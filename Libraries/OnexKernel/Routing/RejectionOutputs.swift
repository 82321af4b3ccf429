import OnexCore

extension OutputBatch {
  /// A record that is no envelope ends in its dead-letter topic, and, where its correlation id could be read, in an error
  /// response as well.
  mutating func reject(
    _ rejected: RejectedRecord, group: String, responseTopic: String?, now: Timestamp, owner: Int
  ) {
    let letter = DeadLetter.record(
      for: rejected.record,
      cause: DeadLetter.Cause(
        code: rejected.error.code.rawValue, reason: rejected.error.message, consumerGroup: group,
        correlationID: rejected.correlationID, time: now))
    deadLetter(letter, id: rejected.identity, owner: owner)
    guard let responseTopic, let correlationID = rejected.correlationID else { return }
    let response = ResponseEnvelope(rejecting: rejected, correlationID: correlationID, timestamp: now)
    respond(response, to: rejected.record, topic: responseTopic, owner: owner)
  }
}
