import CSimdJSON
import OnexCore

/// The fields an envelope may have (WIRE "Envelope"). Found by length and bytes, so that reading a name allocates nothing.
enum EnvelopeField: Int, CaseIterable {
  case operation, payload, correlationID, envelopeID, causationID, idempotencyKey, timestamp, deadline, sourceNode,
    targetNode, metadata, envelopeVersion, isResponse, success, handler, durationMS, error

  var name: StaticString {
    switch self {
    case .operation: "operation"
    case .payload: "payload"
    case .correlationID: "correlation_id"
    case .envelopeID: "envelope_id"
    case .causationID: "causation_id"
    case .idempotencyKey: "idempotency_key"
    case .timestamp: "timestamp"
    case .deadline: "deadline"
    case .sourceNode: "source_node"
    case .targetNode: "target_node"
    case .metadata: "metadata"
    case .envelopeVersion: "envelope_version"
    case .isResponse: "is_response"
    case .success: "success"
    case .handler: "handler"
    case .durationMS: "duration_ms"
    case .error: "error"
    }
  }

  /// - Parameter name: without quotes; a name with escapes is never one of these.
  init?(_ name: UnsafeRawBufferPointer) {
    let candidates: [EnvelopeField] =
      switch name.count {
      case 5: EnvelopeField.five
      case 7: EnvelopeField.seven
      case 8: EnvelopeField.eight
      case 9: EnvelopeField.nine
      case 11: EnvelopeField.eleven
      case 12: EnvelopeField.twelve
      case 14: EnvelopeField.fourteen
      case 15: EnvelopeField.fifteen
      case 16: EnvelopeField.sixteen
      default: []
      }
    for candidate in candidates where name.isText(candidate.name) {
      self = candidate
      return
    }
    return nil
  }

  private static let five: [EnvelopeField] = [.error]
  private static let seven: [EnvelopeField] = [.payload, .success, .handler]
  private static let eight: [EnvelopeField] = [.deadline, .metadata]
  private static let nine: [EnvelopeField] = [.operation, .timestamp]
  private static let eleven: [EnvelopeField] = [.envelopeID, .sourceNode, .targetNode, .isResponse, .durationMS]
  private static let twelve: [EnvelopeField] = [.causationID]
  private static let fourteen: [EnvelopeField] = [.correlationID]
  private static let fifteen: [EnvelopeField] = [.idempotencyKey]
  private static let sixteen: [EnvelopeField] = [.envelopeVersion]
}

extension UnsafeRawBufferPointer {
  /// Whether these bytes are exactly `text`.
  func isText(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: count))
  }
}
