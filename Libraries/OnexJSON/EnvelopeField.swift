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

  /// - Parameter name: without quotes, escapes resolved.
  init?(_ name: UnsafeRawBufferPointer) {
    let found: EnvelopeField? =
      switch name.count {
      case 5: EnvelopeField.first(name, .error)
      case 7: EnvelopeField.first(name, .payload, .success, .handler)
      case 8: EnvelopeField.first(name, .deadline, .metadata)
      case 9: EnvelopeField.first(name, .operation, .timestamp)
      case 11: EnvelopeField.first(name, .envelopeID, .sourceNode, .targetNode) ?? .first(name, .isResponse, .durationMS)
      case 12: EnvelopeField.first(name, .causationID)
      case 14: EnvelopeField.first(name, .correlationID)
      case 15: EnvelopeField.first(name, .idempotencyKey)
      case 16: EnvelopeField.first(name, .envelopeVersion)
      default: nil
      }
    guard let found else { return nil }
    self = found
  }

  private static func first(
    _ name: UnsafeRawBufferPointer, _ one: EnvelopeField, _ two: EnvelopeField? = nil, _ three: EnvelopeField? = nil
  ) -> EnvelopeField? {
    if name.isText(one.name) { return one }
    if let two, name.isText(two.name) { return two }
    if let three, name.isText(three.name) { return three }
    return nil
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these bytes are exactly `text`.
  func isText(_ text: StaticString) -> Bool {
    isEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
