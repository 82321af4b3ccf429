/// A request as it travels (WIRE "Envelope"). The payload and everything the runtime has no name for stay raw bytes of the
/// record they came in: they are passed through as they were written.
public struct Envelope: Sendable {
  public static let version = "1.0"
  public static let emptyPayload = Bytes("{}" as StaticString)

  public var operation: Operation
  /// A JSON object, byte for byte as it arrived.
  public var payload: Bytes
  public var envelopeID: EnvelopeID
  public var correlationID: CorrelationID
  public var causationID: EnvelopeID?
  public var deadline: Timestamp?
  public var timestamp: Timestamp?
  public var idempotencyKey: String?
  public var sourceNode: String?
  public var targetNode: String?
  /// A JSON object of strings, raw.
  public var metadata: Bytes?
  /// Fields without a meaning here, in order, each a raw JSON name (with its quotes) and a raw JSON value.
  public var extensions: [RawField]
  /// Identity and correlation were on the wire and not derived here: the record's value can be forwarded as it is.
  public var isComplete: Bool

  public init(
    operation: Operation, payload: Bytes = Envelope.emptyPayload, envelopeID: EnvelopeID, correlationID: CorrelationID
  ) {
    self.operation = operation
    self.payload = payload
    self.envelopeID = envelopeID
    self.correlationID = correlationID
    self.extensions = []
    self.isComplete = true
  }

  /// What identifies the request when it comes again: the idempotency key where there is one, else the envelope's id.
  public var identity: MessageIdentity {
    if let idempotencyKey { .key(idempotencyKey) } else { .envelope(envelopeID) }
  }
}

/// A member of a JSON object as raw text; `name` includes its quotes.
public struct RawField: Sendable, Hashable {
  public let name: Bytes
  public let value: Bytes

  public init(name: Bytes, value: Bytes) {
    self.name = name
    self.value = value
  }
}

/// The deduplication key of a message.
public enum MessageIdentity: Sendable {
  case envelope(EnvelopeID)
  case key(String)
}

extension MessageIdentity: Hashable {
  /// Keys are compared by bytes (`ExactText`).
  public static func == (left: MessageIdentity, right: MessageIdentity) -> Bool {
    switch (left, right) {
    case (.envelope(let a), .envelope(let b)): a == b
    case (.key(let a), .key(let b)): a.isExactly(b)
    case (.envelope, .key), (.key, .envelope): false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .envelope(let id): hasher.combine(id)
    case .key(let key): hasher.combine(ExactText(key))
    }
  }
}
