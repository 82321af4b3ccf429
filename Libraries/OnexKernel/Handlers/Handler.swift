import OnexCore
import OnexJSON

/// Does the work behind one contract. A type that conforms is named by a contract's `handler_class` as `Module.Type`.
///
/// One instance serves all requests of its contract, several at once up to `max_concurrency`; requests of one key come one
/// after the other. A request may come again after a crash: see `HandlerRequest.idempotencyKey`.
public protocol Handler: Sendable {
  /// `Module.Type`; the default is the Swift type's own full name.
  static var className: String { get }

  /// Called once, before the first request. Throwing marks the handler as failed (`IMPORT_ERROR`); the others go on.
  init(_ setup: HandlerSetup) throws

  /// The place outside that a request with this payload would call, such as an HTTP origin; `nil` (the default) where there is
  /// none or only one. Circuit breakers and shares of concurrency are kept for each target. Called where requests are taken, so
  /// linear in the payload and quick.
  func target(of payload: Bytes) -> Bytes?

  /// Answers a request whose payload has passed the contract's input schema.
  ///
  /// The task is cancelled when the request's time is up or the process drains; what does not stop then is abandoned and its
  /// result dropped.
  ///
  /// - Returns: a JSON object.
  /// - Throws: `HandlerError` to choose code, details and whether a retry may help; anything else becomes `HANDLER_FAILED`.
  func handle(_ request: HandlerRequest) async throws -> Bytes
}

extension Handler {
  public static var className: String { String(reflecting: self) }

  public func target(of payload: Bytes) -> Bytes? { nil }
}

/// Pure work on the payload: no I/O, no waiting. All that a `runtime-worker` runs.
public protocol ComputeHandler: Handler {
  /// Answers within about a millisecond for ordinary payloads. Such handlers run in their lane's batch, without a task and a
  /// timer for each request; others run side by side under `max_concurrency` and `timeout_ms`.
  static var isQuick: Bool { get }

  func compute(_ request: HandlerRequest) throws -> Bytes
}

extension ComputeHandler {
  public static var isQuick: Bool { false }

  public func handle(_ request: HandlerRequest) async throws -> Bytes { try compute(request) }
}
