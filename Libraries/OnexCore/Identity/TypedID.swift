/// A UUID that knows what it identifies: a correlation id cannot be passed where an envelope id is expected.
public struct TypedID<Subject>: Sendable, Hashable, CustomStringConvertible {
  public let uuid: RawUUID

  public init(_ uuid: RawUUID) { self.uuid = uuid }

  public var description: String { uuid.description }

  /// An identifier that follows from this one: the same purpose always gives the same result, which lets a receiver drop
  /// what a redelivery produced again (UUIDv5, RFC 9562).
  public func derived<Other>(_ purpose: StaticString, as other: Other.Type = Other.self) -> TypedID<Other> {
    let name = UnsafeRawBufferPointer(start: purpose.utf8Start, count: purpose.utf8CodeUnitCount)
    return TypedID<Other>(RawUUID(namespace: uuid, name: name))
  }
}

public enum EnvelopeSubject: Sendable {}
public enum CorrelationSubject: Sendable {}

/// Identity of one message; the deduplication key.
public typealias EnvelopeID = TypedID<EnvelopeSubject>

/// Constant along a whole chain of messages.
public typealias CorrelationID = TypedID<CorrelationSubject>

extension TypedID where Subject == EnvelopeSubject {
  /// The identity of a message that carries none, the same after a redelivery (WIRE "Envelope", `envelope_id`).
  ///
  /// The place alone would come again when a topic is deleted and made anew, or when the broker loses the end of a log: the record's
  /// timestamp and the cluster's id tell one life of a log from the next.
  ///
  /// - Parameter cluster: the broker's cluster id; empty where the broker has none.
  public init(placeOf record: ConsumedRecord, cluster: String = "") {
    let time = record.timestamp.map { String($0.microseconds) } ?? ""
    let place = record.source
    self.init(
      RawUUID(
        namespace: RawUUID.recordNamespace, name: "\(cluster)/\(place.topic)/\(place.partition)/\(record.offset)/\(time)"))
  }
}

extension RawUUID {
  /// Namespace of identities derived from a record's place. Random once, then fixed for ever: changing it would break
  /// deduplication across an upgrade.
  static let recordNamespace = RawUUID(high: 0x6F1D_2C5E_9A34_4B7A, low: 0x8E21_5D0F_B3C9_7A46)
}
