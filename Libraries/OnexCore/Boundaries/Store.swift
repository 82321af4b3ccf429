/// Where a consumer remembers what it has answered (the inbox). PostgreSQL keeps it in production; the in-memory twin serves
/// embedded mode and tests; a stateless role keeps nothing and lets its receivers drop repeats by id.
public protocol Store: Sendable {
  /// Nothing is ever remembered, so that callers need not prepare entries.
  var isStateless: Bool { get }

  /// The outputs recorded for a request, `nil` when it has not been answered yet.
  func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> [OutboundRecord]?

  /// Records a batch, all of it or nothing.
  ///
  /// - Returns: by position in `entries`, the outputs recorded earlier for those that are repeats. Publish these instead.
  func commit(_ entries: [CommitEntry], consumer: String) async throws(StoreError) -> [Int: [OutboundRecord]]
}

public struct CommitEntry: Sendable {
  public let identity: MessageIdentity
  public let source: TopicPartition
  public let offset: Int64
  public let outputs: [OutboundRecord]

  public init(identity: MessageIdentity, source: TopicPartition, offset: Int64, outputs: [OutboundRecord]) {
    self.identity = identity
    self.source = source
    self.offset = offset
    self.outputs = outputs
  }
}

public struct StoreError: Error, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable {
    /// The store cannot be reached or is restarting: the same commit may succeed later.
    case unavailable = "STORE_UNAVAILABLE"
    case failed = "STORE_FAILED"
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code.rawValue): \(message)" }
}

/// Remembers nothing.
public struct StatelessStore: Store {
  public init() {}

  public var isStateless: Bool { true }

  public func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> [OutboundRecord]? { nil }

  public func commit(_ entries: [CommitEntry], consumer: String) async throws(StoreError) -> [Int: [OutboundRecord]] { [:] }
}
