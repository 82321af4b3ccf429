import OnexCore
import OnexInMemory
import OnexJSON
import OnexRuntime
import Testing

/// `ResponseWait` among responses that other programs wrote.
@Suite struct ResponseWaitTests {
  private let ids = RandomIDSource()
  private let clock = SystemClock()

  /// A response to `request`, as whoever may write to the topic can write it.
  private func response(_ correlation: CorrelationID, causation: String?, _ word: String) -> OutboundRecord {
    let cause = causation.map { #""causation_id":"\#($0)","# } ?? ""
    let text =
      #"{"operation":"a.b","envelope_id":"\#(ids.next())","correlation_id":"\#(correlation)",\#(cause)"is_response":true,"#
      + #""success":true,"payload":{"word":"\#(word)"}}"#
    return OutboundRecord(topic: "responses", key: nil, value: Bytes(text))
  }

  private func wait(
    _ correlation: CorrelationID, _ request: EnvelopeID?, _ records: [OutboundRecord], timeout: Duration = .seconds(30)
  ) async throws -> String? {
    let bus = InMemoryEventBus()
    let reader = try await bus.reader(topics: ["responses"], from: .beginning)
    #expect(try await bus.producer().publish(records).isEmpty)
    let found = try await ResponseWait(reader: reader, clock: clock).first(correlation, causedBy: request, timeout: timeout)
    return try found.map { try JSONValue.parse($0)["payload"]?["word"]?.string ?? "" }
  }

  @Test func aResponseThatNamesAnotherCauseIsLeftOut() async throws {
    let (correlation, request) = (CorrelationID(ids.next()), EnvelopeID(ids.next()))
    let forged = [
      response(correlation, causation: nil, "no cause"), response(correlation, causation: ids.next().description, "other cause"),
      response(correlation, causation: "nonsense", "malformed cause"),
    ]
    let genuine = response(correlation, causation: request.description, "genuine")
    #expect(try await wait(correlation, request, forged + [genuine]) == "genuine")
    #expect(try await wait(correlation, request, forged, timeout: .milliseconds(50)) == nil)
  }

  @Test func aResponseWithAnotherCorrelationIsLeftOutAsWell() async throws {
    let (correlation, request) = (CorrelationID(ids.next()), EnvelopeID(ids.next()))
    let other = response(CorrelationID(ids.next()), causation: request.description, "other")
    #expect(try await wait(correlation, request, [other], timeout: .milliseconds(50)) == nil)
  }

  @Test func aRequestWithoutAnIDIsAnsweredByItsCorrelation() async throws {
    let correlation = CorrelationID(ids.next())
    #expect(try await wait(correlation, nil, [response(correlation, causation: nil, "any")]) == "any")
  }
}
