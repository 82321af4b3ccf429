import OnexCore

/// What a handler is made from.
public struct HandlerSetup: Sendable {
  public let contract: HandlerContract
  public let clock: any RuntimeClock
  public let ids: any IDSource
  public let logger: Logger
  /// Outside connections; `nil` where the role allows none (compute).
  public let http: (any HTTPClient)?

  public init(
    contract: HandlerContract, clock: any RuntimeClock, ids: any IDSource, logger: Logger, http: (any HTTPClient)? = nil
  ) {
    self.contract = contract
    self.clock = clock
    self.ids = ids
    self.logger = logger
    self.http = http
  }
}
