import OnexCore
import OnexPostgres
import OnexTestSupport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct PostgresPoolTests {
  private func pool(
    _ limits: PoolLimits, clock: any RuntimeClock = SystemClock(), _ configuration: PostgresConfiguration? = nil
  ) throws -> PostgresPool {
    PostgresPool(try configuration ?? TestDatabase.configuration(), limits: limits, clock: clock)
  }

  private func backend(_ connection: PostgresConnection) async throws -> Int {
    try await connection.query("SELECT pg_backend_pid() AS pid")[0].value("pid")
  }

  /// Asks the pool until it is as described; the suite's time limit ends a test that would hang.
  private func until(_ pool: PostgresPool, _ condition: (PoolStatistics) -> Bool) async {
    while !condition(pool.statistics) { await Task.yield() }
  }

  /// Who has what, seen from outside.
  private final class Borrowed: Sendable {
    private let connections = Mutex<Set<ObjectIdentifier>>([])

    /// - Returns: connections in use.
    func take(_ connection: PostgresConnection) -> Int {
      connections.withLock {
        let isFree = $0.insert(ObjectIdentifier(connection)).inserted
        #expect(isFree, "a connection was handed to two tasks")
        return $0.count
      }
    }

    func giveBack(_ connection: PostgresConnection) {
      connections.withLock { _ = $0.remove(ObjectIdentifier(connection)) }
    }
  }

  @Test func moreTasksThanConnectionsAllGetTheirTurn() async throws {
    let pool = try pool(PoolLimits(connectionsMax: 3))
    let inUse = Borrowed()
    let backends = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<60 {
        group.addTask {
          try await pool.withConnection { connection in
            #expect(inUse.take(connection) <= 3)
            defer { inUse.giveBack(connection) }
            return try await backend(connection)
          }
        }
      }
      return try await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(backends.count == 60 && (1...3).contains(Set(backends).count))
    let statistics = pool.statistics
    // One that was opened while the last tasks were served by others was used by nobody.
    #expect(statistics.idle == statistics.open && (Set(backends).count...3).contains(statistics.openedTotal), "\(statistics)")
    await pool.close()
    #expect(pool.statistics.open == 0)
  }

  @Test func aBackendThatWasKilledIsReplacedWithoutTheNextTaskNoticing() async throws {
    let pool = try pool(PoolLimits(connectionsMax: 1))
    let admin = try await TestDatabase.connect()
    let (connection, first) = try await pool.withConnection { ($0, try await backend($0)) }
    try await admin.query("SELECT pg_terminate_backend($1)", [.integer(Int32(first))])
    // The connection's own thread notices; the pool does not watch idle connections.
    while connection.isOpen { await Task.yield() }
    let second = try await pool.withConnection { try await backend($0) }
    #expect(first != second && pool.statistics.openedTotal == 2 && pool.statistics.open == 1)
    await pool.close()
  }

  @Test func aConnectionThatBreaksInUseIsReplacedForThoseWhoWait() async throws {
    let pool = try pool(PoolLimits(connectionsMax: 1))
    let broken = Task {
      try await pool.withConnection { connection in
        await until(pool) { $0.waiting == 1 }
        _ = try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
      }
    }
    await until(pool) { $0.open == 1 }
    let answer = try await pool.withConnection { try await $0.query("SELECT 1 AS one")[0].value("one", as: Int.self) }
    #expect(answer == 1)
    let error = await #expect(throws: PostgresError.self) { try await broken.value }
    #expect(error?.isOutage == true)
    await pool.close()
  }

  @Test func aConnectionLeftInsideATransactionIsNotHandedOn() async throws {
    let pool = try pool(PoolLimits(connectionsMax: 1))
    try await pool.withConnection { connection in
      try await connection.query("BEGIN")
      _ = try? await connection.query("SELECT 1/0")
    }
    _ = try await pool.withConnection { try await $0.transaction { try await $0.query("SELECT 1") } }
    #expect(pool.statistics.openedTotal == 2)
    await #expect(throws: PostgresError.self) {
      try await pool.withConnection { try await $0.transaction { try await $0.query("SELECT 1/0") } }
    }
    try await pool.withConnection { _ = try await $0.query("SELECT 1") }
    #expect(pool.statistics.openedTotal == 2, "a transaction that was rolled back leaves a good connection")
    await pool.close()
  }

  @Test func aCancelledTaskLeavesTheQueue() async throws {
    let pool = try pool(PoolLimits(connectionsMax: 1))
    try await pool.withConnection { connection in
      let waiter = Task { try await pool.withConnection { _ in } }
      await until(pool) { $0.waiting == 1 }
      waiter.cancel()
      let error = await #expect(throws: PostgresError.self) { try await waiter.value }
      #expect(error?.code == .cancelled)
      #expect(pool.statistics.waiting == 0)
    }
    await pool.close()
  }

  @Test func whoWaitsTooLongIsToldSo() async throws {
    let clock = VirtualClock()
    let pool = try pool(PoolLimits(connectionsMax: 1, acquireTimeout: .seconds(7)), clock: clock)
    try await pool.withConnection { _ in
      let waiter = Task { try await pool.withConnection { _ in } }
      await until(pool) { $0.waiting == 1 }
      await clock.waitForSleeper(dueWithin: .seconds(7))
      clock.advance(by: .seconds(7))
      let error = await #expect(throws: PostgresError.self) { try await waiter.value }
      #expect(error?.code == .timedOut && error?.message.contains("all of them are in use") == true)
    }
    await pool.close()
  }

  @Test func anIdleConnectionIsClosedWhenItsTimeIsOver() async throws {
    let clock = VirtualClock()
    let pool = try pool(PoolLimits(idleMin: 0, idleTimeout: .seconds(90)), clock: clock)
    let connection = try await pool.withConnection { $0 }
    await clock.waitForSleeper(dueWithin: .seconds(90))
    // Wakes the pool for the request's own timeout, which nobody needs any more: it must sleep on.
    clock.advance(by: .seconds(89))
    #expect(connection.isOpen)
    await clock.waitForSleeper(dueWithin: .seconds(1))
    clock.advance(by: .seconds(1))
    await until(pool) { $0.open == 0 }
    while connection.isOpen { await Task.yield() }
    await pool.close()
  }

  @Test func aDatabaseThatIsAwayIsTriedAgainUntilTheTimeoutWhichNamesIt() async throws {
    let clock = VirtualClock()
    // Port 9 (discard) is closed wherever the tests run.
    let nowhere = PostgresConfiguration(.parts(host: "127.0.0.1", port: 9, user: "u", password: "hidden", database: "d"))
    let limits = PoolLimits(acquireTimeout: .seconds(3), reopening: RetryPolicy(initialBackoff: .seconds(1), jitter: 0))
    let pool = try pool(limits, clock: clock, nowhere)
    let waiter = Task { try await pool.withConnection { _ in } }
    await until(pool) { $0.failedOpensTotal == 1 }
    await clock.waitForSleeper(dueWithin: .seconds(1))
    clock.advance(by: .seconds(1))
    await until(pool) { $0.failedOpensTotal == 2 }
    await clock.waitForSleeper(dueWithin: .seconds(2))
    clock.advance(by: .seconds(2))
    let error = await #expect(throws: PostgresError.self) { try await waiter.value }
    #expect(error?.code == .timedOut && error?.isOutage == true)
    #expect(
      error?.message.contains("127.0.0.1") == true && error?.message.contains("hidden") == false, "\(String(describing: error))")
    await pool.close()
  }

  @Test func aConfigurationThatCannotWorkFailsAtOnce() async throws {
    let pool = try pool(PoolLimits(), PostgresConfiguration(.connectionString("postgresql://[h/d")))
    let error = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
    #expect(error?.code == .configuration, "\(String(describing: error))")
    await pool.close()
  }

  @Test func closingWaitsForThoseWhoHaveAConnection() async throws {
    let pool = try pool(PoolLimits(connectionsMax: 1))
    let closing = try await pool.withConnection { connection in
      let waiter = Task { try await pool.withConnection { _ in } }
      await until(pool) { $0.waiting == 1 }
      let closing = Task { await pool.close() }
      let error = await #expect(throws: PostgresError.self) { try await waiter.value }
      #expect(error?.code == .closed)
      _ = try await connection.query("SELECT 1")
      return closing
    }
    await closing.value
    let late = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
    #expect(late?.code == .closed)
  }

  @Test func aPoolNobodyHoldsEndsItsSessions() async throws {
    var pool: PostgresPool? = try pool(PoolLimits())
    let connection = try await pool?.withConnection { $0 }
    #expect(connection?.isOpen == true)
    pool = nil
    while connection?.isOpen == true { await Task.yield() }
  }
}
