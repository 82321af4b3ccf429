import OnexCore

/// One connection that is opened when it is needed and opened again after it broke.
///
/// It does not wait between attempts: how long to back off, and what to tell the operator meanwhile, is the caller's business.
public actor PostgresClient {
  private let configuration: PostgresConfiguration
  private let logger: Logger
  private var current: PostgresConnection?
  private var isClosed = false

  public init(_ configuration: PostgresConfiguration, logger: Logger = .disabled) {
    self.configuration = configuration
    self.logger = logger
  }

  /// An open connection.
  public func connection() async throws(PostgresError) -> PostgresConnection {
    guard !isClosed else { throw ConnectionThread.closed }
    if let current, current.isOpen { return current }
    let opened = try await PostgresConnection.connect(configuration, logger: logger)
    // Two tasks may have opened one each meanwhile: the first stays.
    if let current, current.isOpen {
      await opened.close()
      return current
    }
    guard !isClosed else {
      await opened.close()
      throw ConnectionThread.closed
    }
    current = opened
    return opened
  }

  /// Ends the session. Idempotent.
  public func close() async {
    isClosed = true
    await current?.close()
    current = nil
  }
}
