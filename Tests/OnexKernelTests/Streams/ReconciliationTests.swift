import OnexCore
import OnexJSON
import Testing

@testable import OnexKernel

/// What counts as the answer to a request when a database was restored.
@Suite struct ReconciliationTests {
  private let request = EnvelopeID(RawUUID(high: 7, low: 1))
  private let run = StreamName(handler: "order", key: "1")

  /// - Parameter id: of the response.
  private func reconciled(_ id: EnvelopeID) -> (hasTimer: Bool, answers: Int) {
    let timer = request.deadlineTimerIDs[0]
    var found = Reconciliation(
      pending: [timer], open: [request: run], since: Timestamp(microseconds: 0), requestTopic: Topics.requests)
    let text =
      #"{"envelope_id":"\#(id)","correlation_id":"\#(request)","causation_id":"\#(request)","operation":"order.place","is_response":true,"success":false,"error":{"code":"CONFLICT","message":"m"}}"#
    found.answered(
      ConsumedRecord(
        source: TopicPartition(Topics.responses, 0), offset: 0, key: nil, value: Bytes(text),
        timestamp: Timestamp(microseconds: 1)))
    return (!found.answeredTimers.contains(timer), found.answers[run]?.count ?? 0)
  }

  @Test func anAnswerTakesTheDeadlineAndTheRun() {
    for id in request.responseIDs { #expect(reconciled(id) == (false, 1)) }
  }

  /// Somebody used the id for another request, or for no request at all: the first one still waits.
  @Test func aRefusalOfAnotherRequestUnderTheIDIsNoAnswer() throws {
    let other = Envelope(
      operation: try #require(Operation("order.place")), payload: "{}", envelopeID: request,
      correlationID: CorrelationID(request.uuid))
    for id in [other.conflictID, request.derived("rejection")] { #expect(reconciled(id) == (true, 0)) }
  }
}
