import OnexCore
import Synchronization

/// Inbox, journal and timers (migrations/forward/002_runtime_inbox.sql and 003_runtime_journal.sql). A commit is one statement and
/// thereby one transaction.
public final class PostgresStore: StreamStore {
  private let configuration: PostgresConfiguration
  private let logger: Logger
  /// Connections that no commit uses now. As many are made as commits come at once, which is their pipeline's bound.
  private let idleCommitters = Mutex<[PostgresClient]>([])
  /// Beside the commits, which would make every look wait.
  let lookups: PostgresPool
  private let owner: String
  private let answers: GatheredLookups<Lookup, RecordedAnswer, StoreError>
  private let executions: GatheredLookups<ExecutionClaim, ExecutionClaimOutcome, StoreError>

  private struct Lookup: Hashable, Sendable {
    let identity: MessageIdentity
    let consumer: String
  }

  /// Handlers of many keys look up at once. Short waits: an absent database is told soon, and asked again by whoever needs it.
  private static let lookupLimits = PoolLimits(connectionsMax: 4, waitingMax: 4096, acquireTimeout: .seconds(2))

  /// - Parameter owner: names this process in `runtime.lanes`.
  public init(_ configuration: PostgresConfiguration, owner: String, logger: Logger = .disabled) {
    self.configuration = configuration
    self.logger = logger
    lookups = PostgresPool(configuration, limits: PostgresStore.lookupLimits, logger: logger)
    self.owner = owner
    answers = GatheredLookups { [lookups] keys throws(StoreError) in try await PostgresStore.recorded(keys, lookups) }
    executions = GatheredLookups { [lookups] claims throws(StoreError) in try await PostgresStore.claim(claims, lookups) }
  }

  public var isStateless: Bool { false }

  /// Connections for lookups, for metrics.
  public var connections: PoolStatistics { lookups.statistics }

  public func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    let (topics, numbers) = InboxParameters.columns(partitions)
    return try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query(
        "SELECT * FROM runtime.claim_lanes($1, $2, $3, $4)",
        [.text(consumer), .text(owner), .array(topics), .array(numbers)])
      var epochs: [TopicPartition: LaneEpoch] = [:]
      for row in rows.rows {
        let partition = try TopicPartition(row.value("topic"), Int32(row.value("partition", as: Int.self)))
        epochs[partition] = try row.value("epoch", as: Int64.self)
      }
      return epochs
    }
  }

  public func recorded(_ identity: MessageIdentity, consumer: String) async throws(StoreError) -> RecordedAnswer? {
    try await answers.value(of: Lookup(identity: identity, consumer: consumer))
  }

  private static func recorded(_ keys: [Lookup], _ pool: PostgresPool) async throws(StoreError) -> [Lookup: RecordedAnswer] {
    var (consumers, identities) = (PostgresArray(of: .text), PostgresArray(of: .uuid))
    for key in keys {
      consumers.append(key.consumer)
      identities.append(key.identity.uuid)
    }
    return try await answer { [consumers, identities] () throws(PostgresError) in
      let found = try await pool.query(
        """
        SELECT g.place, i.digest, i.outputs FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS g (consumer, identity, place)
        JOIN runtime.inbox AS i ON i.consumer = g.consumer AND i.identity = g.identity
        """,
        [.array(consumers), .array(identities)])
      var answers: [Lookup: RecordedAnswer] = [:]
      for row in found.rows { answers[keys[try row.value("place", as: Int.self) - 1]] = try recorded(row) }
      return answers
    }
  }

  public func claimExecution(_ claim: ExecutionClaim) async throws(StoreError) -> ExecutionClaimOutcome {
    // Every claim that was asked for has a row in the answer.
    try await executions.value(of: claim) ?? .fenced
  }

  public func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    let lanes = batch.lanes.keys.sorted()
    var parameters = InboxParameters.make(batch, lanes)
    if !batch.isPlain { parameters += WorkParameters.make(batch) }
    let sql = batch.isPlain ? PostgresStore.plainCommit : PostgresStore.fullCommit
    return try await PostgresStore.answer { [parameters] () throws(PostgresError) in
      do throws(PostgresError) {
        return try PostgresStore.outcome(try await ask(sql, parameters), lanes)
      } catch {
        guard error.sqlState == PostgresStore.conflict else { throw error }
        return .conflict
      }
    }
  }

  private func ask(_ sql: String, _ parameters: [PostgresParameter]) async throws(PostgresError) -> PostgresResult {
    let client = idleCommitters.withLock { $0.popLast() } ?? PostgresClient(configuration, logger: logger)
    defer { idleCommitters.withLock { $0.append(client) } }
    return try await client.connection().queryPrepared(sql, parameters)
  }

  private static let plainCommit = commit(parameters: 10)
  private static let fullCommit = commit(parameters: 40)

  private static func commit(parameters count: Int) -> String {
    "SELECT * FROM runtime.commit(\((1...count).map { "$\($0)" }.joined(separator: ", ")))"
  }

  /// Raised by `runtime.commit`.
  private static let conflict = "OX001"

  private static func outcome(_ result: PostgresResult, _ lanes: [TopicPartition]) throws(PostgresError) -> CommitOutcome {
    var fenced: Set<TopicPartition> = []
    var repeats: [Int: RecordedAnswer] = [:]
    var silenced: Set<Int> = []
    for row in result.rows {
      let place = try row.value("place", as: Int.self) - 1
      switch try row.value("kind", as: String.self) {
      case "fenced": fenced.insert(lanes[place])
      case "silenced": silenced.insert(place)
      default: repeats[place] = try PostgresStore.recorded(row)
      }
    }
    return fenced.isEmpty ? .committed(repeats: repeats, silenced: silenced) : .fenced(fenced)
  }

  public func markStart(_ mark: StartMark) async throws(StoreError) -> StartOutcome {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query(
        "SELECT runtime.mark_start($1, $2, $3, $4, $5, $6) AS outcome",
        [
          .text(mark.consumer), .text(mark.lane.topic), .integer(mark.lane.partition), .bigint(mark.epoch),
          .uuid(mark.identity.uuid), .uuid(mark.token),
        ])
      let text = try rows[0].value("outcome", as: String.self)
      guard let outcome = StartOutcome(rawValue: text) else {
        throw PostgresError(.decoding, "runtime.mark_start answered \"\(text)\"; run `onexctl migrate verify`")
      }
      return outcome
    }
  }

  /// Returns when the database has answered; throws when it cannot be used.
  public func ping() async throws(StoreError) {
    try await PostgresStore.answer { () throws(PostgresError) in _ = try await lookups.query("SELECT 1", []) }
  }

  /// Makes the partitions of the coming days and drops old ones.
  ///
  /// - Returns: what was done, in words.
  public func maintain(daysAhead: Int, retentionDays: Int) async throws(StoreError) -> [String] {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.query(
        "SELECT * FROM runtime.maintain_inbox($1, $2)", [.integer(Int32(daysAhead)), .integer(Int32(retentionDays))])
      var done: [String] = []
      for row in rows.rows { done.append(try "\(row.value("action", as: String.self)) \(row.value("name", as: String.self))") }
      return done
    }
  }

  public func close() async {
    let idle = idleCommitters.withLock { clients in
      defer { clients = [] }
      return clients
    }
    for client in idle { await client.close() }
    await lookups.close()
  }

  static func recorded(_ row: PostgresRow) throws(PostgresError) -> RecordedAnswer {
    let digest = try row.optional("digest", as: RawUUID.self).map { RequestDigest($0) }
    do {
      return RecordedAnswer(digest: digest, outputs: try RecordedOutputs.decode(row.value("outputs", as: Bytes.self)))
    } catch let error as RecordedOutputs.Malformed {
      throw PostgresError(.decoding, error.description)
    } catch let error as PostgresError {
      throw error
    } catch {
      throw PostgresError(.decoding, "\(error)")
    }
  }

  /// Runs `body`; a database error becomes one of the store.
  static func answer<Value>(_ body: () async throws(PostgresError) -> Value) async throws(StoreError) -> Value {
    do {
      return try await body()
    } catch {
      throw StoreError(error.storeCode, error.advice)
    }
  }
}

extension PostgresError {
  /// The class of the error (PostgreSQL documentation, appendix A). An exception of the store's own functions (P0001) says nothing about
  /// the content of an entry.
  fileprivate var storeCode: StoreError.Code {
    if isRetriable { return .unavailable }
    if isDataError, sqlState != "P0001" { return .rejected }
    let isRefused =
      code == .authentication || isSchemaMissing || sqlState?.hasPrefix("42501") == true || sqlState?.hasPrefix("28") == true
    return isRefused ? .refused : .failed
  }

  /// undefined_table, invalid_schema_name, undefined_function
  private var isSchemaMissing: Bool { ["42P01", "3F000", "42883"].contains(sqlState ?? "") }

  /// The error, with what to do where that is known.
  fileprivate var advice: String {
    guard isSchemaMissing else { return description }
    return "\(description); the database lacks this version's schema: run `onexctl migrate up`"
  }
}
