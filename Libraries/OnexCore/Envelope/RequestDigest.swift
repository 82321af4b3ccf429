/// A request's content in sixteen bytes: the same operation with the same payload, byte for byte, has the same digest. Tells a repeat from
/// another request under the same `envelope_id` or `idempotency_key`.
public struct RequestDigest: Sendable, Hashable {
  public let uuid: RawUUID

  public init(_ uuid: RawUUID) { self.uuid = uuid }

  /// Random once, then fixed for ever: recorded digests are compared with it.
  private static let namespace = RawUUID(high: 0x2B7C_90D1_44E8_4C0F, low: 0xA1D3_6F52_7E0B_98C4)

  public init(operation: Operation, payload: Bytes) {
    let name = operation.name
    uuid = withUnsafeTemporaryAllocation(byteCount: name.utf8.count + 1 + payload.count, alignment: 1) { text in
      var position = 0
      for byte in name.utf8 {
        text[position] = byte
        position += 1
      }
      // No operation contains it, so that no two requests run together to the same text.
      text[position] = 0
      payload.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: text[(position + 1)...]).copyMemory(from: $0) }
      return RawUUID(namespace: RequestDigest.namespace, name: UnsafeRawBufferPointer(text))
    }
  }
}
