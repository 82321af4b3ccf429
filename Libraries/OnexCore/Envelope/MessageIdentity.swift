/// The party that chose a message's `envelope_id`.
///
/// Each origin has an identity space of its own: a client that sends the id of a message which the runtime will make later suppresses
/// neither that message nor its answer.
public enum IdentityOrigin: UInt64, Sendable, Hashable {
  /// The sender of the request.
  case client = 1
  /// The place of a record that carries no id.
  case place = 2
  /// A stream that asks another handler.
  case intent = 3
}

/// The deduplication key of a message, in sixteen bytes: a UUIDv5 (RFC 9562 section 5.5) whose namespace names the origin.
public struct MessageIdentity: Sendable, Hashable, CustomStringConvertible {
  public let uuid: RawUUID

  public init(_ uuid: RawUUID) { self.uuid = uuid }

  public var description: String { uuid.description }

  /// A request, by its `envelope_id`.
  public static func request(_ id: EnvelopeID, origin: IdentityOrigin = .client) -> MessageIdentity {
    MessageIdentity(.request(origin), id.uuid)
  }

  /// A response, by its `envelope_id`.
  public static func response(_ id: EnvelopeID) -> MessageIdentity { MessageIdentity(.response, id.uuid) }

  /// The firing of a timer.
  public static func firing(_ id: EnvelopeID) -> MessageIdentity { MessageIdentity(.firing, id.uuid) }

  /// A request, by its `idempotency_key` within the scope of its `source_node`. Both are compared byte by byte. A client's key is the same
  /// whether or not the request has an id of its own.
  public static func key(_ key: String, source: String? = nil, origin: IdentityOrigin = .client) -> MessageIdentity {
    let origin = origin == .place ? .client : origin
    // Neither text contains NUL (RequestReader), so that no two pairs give the same name.
    return MessageIdentity(RawUUID(namespace: IdentitySpace.key(origin).namespace, name: "\(source ?? "")\0\(key)"))
  }

  private init(_ space: IdentitySpace, _ id: RawUUID) { uuid = space.identifier(id) }
}

/// Kinds of identifiers that follow from another one. None can be mistaken for one of another kind.
enum IdentitySpace {
  case request(IdentityOrigin)
  case key(IdentityOrigin)
  case responseTo(IdentityOrigin)
  case deadlineOf(IdentityOrigin)
  case conflictWith(IdentityOrigin)
  case response
  case firing

  /// Random once, then constant: another value would break deduplication across an upgrade.
  private static let base = RawUUID(high: 0x91E4_0C3B_7D5A_4F26, low: 0xB85E_13F9_02C7_6D00)

  var namespace: RawUUID {
    let number: UInt64 =
      switch self {
      case .request(let origin): 0x10 | origin.rawValue
      case .key(let origin): 0x20 | origin.rawValue
      case .responseTo(let origin): 0x30 | origin.rawValue
      case .deadlineOf(let origin): 0x40 | origin.rawValue
      case .conflictWith(let origin): 0x50 | origin.rawValue
      case .response: 0x60
      case .firing: 0x70
      }
    return RawUUID(high: IdentitySpace.base.high, low: IdentitySpace.base.low | number)
  }

  func identifier(_ ids: RawUUID...) -> RawUUID {
    withUnsafeTemporaryAllocation(byteCount: 16 * ids.count, alignment: 8) { name in
      for (index, id) in ids.enumerated() {
        name.storeBytes(of: id.high.bigEndian, toByteOffset: 16 * index, as: UInt64.self)
        name.storeBytes(of: id.low.bigEndian, toByteOffset: 16 * index + 8, as: UInt64.self)
      }
      return RawUUID(namespace: namespace, name: UnsafeRawBufferPointer(name))
    }
  }
}

/// The identity of a request and a digest of its content, which tells a repeat from another request under the same identity.
public struct RequestIdentity: Sendable, Hashable {
  public let message: MessageIdentity
  public let digest: RequestDigest?

  public init(_ message: MessageIdentity, digest: RequestDigest? = nil) {
    self.message = message
    self.digest = digest
  }
}

extension TypedID where Subject == EnvelopeSubject {
  /// The `envelope_id` that an answer to a client's request with this id can have; a refusal of another request under it has another one.
  public var responseIDs: [EnvelopeID] {
    [IdentityOrigin.client, .place].map { EnvelopeID(IdentitySpace.responseTo($0).identifier(uuid)) }
  }

  /// The timers that the deadline of a client's request with this id can have.
  public var deadlineTimerIDs: [RawUUID] {
    [IdentityOrigin.client, .place].map { IdentitySpace.deadlineOf($0).identifier(uuid) }
  }
}

extension Envelope {
  /// The identity of this one message.
  public var messageIdentity: MessageIdentity { .request(envelopeID, origin: origin) }

  /// The identity of the request when it comes again: the idempotency key where there is one, else the message's own.
  public var identity: MessageIdentity {
    if let idempotencyKey { .key(idempotencyKey, source: sourceNode, origin: origin) } else { messageIdentity }
  }

  /// `messageIdentity` with what the request asks for.
  public var ownIdentity: RequestIdentity { RequestIdentity(messageIdentity, digest: digest) }

  /// `identity` with what the request asks for.
  public var requestIdentity: RequestIdentity { RequestIdentity(identity, digest: digest) }

  public var digest: RequestDigest { RequestDigest(operation: operation, payload: payload) }

  /// The `envelope_id` of the answer, the same for every answer to this message.
  public var responseID: EnvelopeID { EnvelopeID(IdentitySpace.responseTo(origin).identifier(envelopeID.uuid)) }

  /// The `envelope_id` of a refusal because another request used this one's id or key before. Different from `responseID`: that one
  /// belongs to the answer of the other request.
  public var conflictID: EnvelopeID {
    EnvelopeID(IdentitySpace.conflictWith(origin).identifier(envelopeID.uuid, digest.uuid))
  }

  /// The timer of the request's deadline.
  public var deadlineTimerID: RawUUID { IdentitySpace.deadlineOf(origin).identifier(envelopeID.uuid) }
}
