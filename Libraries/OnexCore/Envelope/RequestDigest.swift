/// What a request asks for, in sixteen bytes: the same operation with the same payload, byte for byte, has the same digest. Tells a
/// repeat under an idempotency key from another request that took the same key by mistake.
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

extension Envelope {
  /// Compared under an idempotency key only: an envelope's own id stands for one message.
  public var digest: RequestDigest? {
    idempotencyKey == nil ? nil : RequestDigest(operation: operation, payload: payload)
  }
}

extension MessageIdentity {
  /// Random once, then fixed for ever: changing it would break deduplication across an upgrade.
  private static let keyNamespace = RawUUID(high: 0x91E4_0C3B_7D5A_4F26, low: 0xB85E_13F9_02C7_6DA1)

  /// Sixteen bytes that stand for the identity wherever it is kept.
  public var uuid: RawUUID {
    switch self {
    case .envelope(let id): id.uuid
    case .key(let key): RawUUID(namespace: MessageIdentity.keyNamespace, name: key)
    }
  }
}

/// How a request is known again, and what it asked for.
public struct RequestIdentity: Sendable, Hashable {
  public let message: MessageIdentity
  public let digest: RequestDigest?

  public init(_ message: MessageIdentity, digest: RequestDigest? = nil) {
    self.message = message
    self.digest = digest
  }
}

extension Envelope {
  public var requestIdentity: RequestIdentity { RequestIdentity(identity, digest: digest) }
}
