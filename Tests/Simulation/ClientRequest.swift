import OnexCore
import OnexTestSupport

/// A request of the simulated client, with what it may be answered.
struct ClientRequest: Sendable {
  enum Kind: CaseIterable, Sendable {
    case echo, effect, once, count, trip, brokenTrip, patient, hasty, refused, unknown

    var operation: String {
      switch self {
      case .echo: "sim.echo"
      case .effect: "outside.call"
      case .once: "once.call"
      case .count: "counter.add"
      case .trip: "trip.book"
      case .brokenTrip: "broken_trip.book"
      case .patient: "patient_saga.book"
      case .hasty: "hasty_saga.book"
      case .refused: "refused_saga.book"
      case .unknown: "nobody.knows"
      }
    }

    /// Steps that make an entry in the ledger.
    var entries: [String] {
      switch self {
      case .patient, .hasty, .refused: ["a", "b"]
      case .echo, .effect, .once, .count, .trip, .brokenTrip, .unknown: []
      }
    }
  }

  let number: Int
  let kind: Kind
  let key: String
  let envelopeID: EnvelopeID
  let correlationID: CorrelationID
  let deadline: Timestamp?

  init(_ number: Int, _ random: inout SplitMix, ids: SeededIDSource, now: Timestamp) {
    self.number = number
    kind = Kind.allCases[random.next(below: Kind.allCases.count)]
    key = "key-\(random.next(below: 4))"
    envelopeID = EnvelopeID(ids.next())
    correlationID = CorrelationID(ids.next())
    deadline = random.next(below: 4) == 0 ? now + .milliseconds(Int64(50 + random.next(below: 20_000))) : nil
  }

  var record: OutboundRecord {
    let deadline = deadline.map { #","deadline":"\#($0.rfc3339)""# } ?? ""
    let text =
      #"{"operation":"\#(kind.operation)","envelope_id":"\#(envelopeID)","correlation_id":"\#(correlationID)"\#(deadline),"payload":{"n":\#(number),"id":"\#(key)"}}"#
    return OutboundRecord(topic: Topics.requests, key: Bytes(key), value: Bytes(text))
  }

  /// Codes of a step whose attempts are used up.
  private static let lost = [ErrorCode.handlerTimeout, .handlerUnavailable, .cancelled].map(\.rawValue)

  /// Whether an answer with this code is right. No code is success.
  func allows(_ code: String?) -> Bool {
    if code == ErrorCode.deadlineExceeded.rawValue { return deadline != nil }
    switch kind {
    // With so many attempts a saga gets its answer, whatever is dead for however long.
    case .echo, .effect, .count, .patient: return code == nil
    // Near the deadline the role's clock may be over it before the run's is: the step's outcome is unknown then.
    case .trip: return code == nil || (deadline != nil && code == ErrorCode.handlerTimeout.rawValue)
    case .hasty: return code == nil || ClientRequest.lost.contains(code ?? "")
    case .refused: return code == ErrorCode.notAllowed.rawValue
    case .once: return code == nil || code == ErrorCode.indeterminate.rawValue
    case .brokenTrip: return code == ErrorCode.notAllowed.rawValue
    case .unknown: return code == ErrorCode.unknownOperation.rawValue
    }
  }
}
