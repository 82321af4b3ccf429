import OnexCore

/// Connections that many tasks share: opened when they are needed, at most so many at once, closed when nobody has needed them
/// for a while, and replaced when they break.
///
/// Tasks get connections in the order in which they asked.
public final class PostgresPool: Sendable {
  private let driver: PoolDriver
  /// The pool's only task of its own: all that it does beside its callers is a child of this one.
  private let running: Task<Void, Never>

  /// Opens nothing yet.
  ///
  /// - Parameter clock: measures what `limits` bounds. Connecting and statements keep the machine's time.
  public init(
    _ configuration: PostgresConfiguration, limits: PoolLimits = PoolLimits(), clock: any RuntimeClock = SystemClock(),
    logger: Logger = .disabled
  ) {
    let driver = PoolDriver(configuration, limits: limits, clock: clock, logger: logger)
    self.driver = driver
    running = Task { await driver.run() }
  }

  /// A pool nobody holds any more is closed.
  deinit { driver.beginClosing() }

  public var statistics: PoolStatistics { driver.statistics }

  /// Runs `body` with a connection that nobody else has meanwhile.
  ///
  /// What `body` sets for the session (`SET`, advisory locks, temporary tables) stays on the connection and meets its next
  /// borrower. A connection that comes back broken, with a transaction left open or with statements still running is closed.
  ///
  /// - Throws: what `body` throws, or, when there is no connection to be had, a `PostgresError` with code `timedOut`
  ///   (after `acquireTimeout`; the message says whether the server or the other tasks are to blame), `queueFull`,
  ///   `authentication`, `configuration`, `cancelled` or `closed`.
  public func withConnection<R>(_ body: (PostgresConnection) async throws -> R) async throws -> R {
    let lease = try await driver.acquire()
    defer { driver.release(lease) }
    return try await body(lease.connection)
  }

  /// Runs one statement on a connection of its own.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresParameter] = []) async throws(PostgresError) -> PostgresResult {
    do {
      return try await withConnection { try await $0.query(sql, parameters) }
    } catch let error as PostgresError {
      throw error
    } catch {
      throw PostgresError(.closed, "\(error)")
    }
  }

  /// Refuses those who wait, lets those who have a connection finish, and ends every session. Idempotent. Waits for ever when
  /// called from inside `withConnection`.
  public func close() async {
    driver.beginClosing()
    await running.value
  }
}
