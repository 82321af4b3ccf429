import OnexCore

/// The durable inbox (migrations/forward/002_runtime_inbox.sql). A commit is one statement and thereby one transaction.
public final class PostgresStore: Store {
  private let commits: PostgresClient
  /// Beside the commits, which would make every look wait.
  private let lookups: PostgresClient
  private let owner: String

  /// - Parameter owner: names this process in `runtime.lanes`.
  public init(_ configuration: PostgresConfiguration, owner: String, logger: Logger = .disabled) {
    commits = PostgresClient(configuration, logger: logger)
    lookups = PostgresClient(configuration, logger: logger)
    self.owner = owner
  }

  public var isStateless: Bool { false }

  public func claim(_ partitions: [TopicPartition], consumer: String) async throws(StoreError) -> [TopicPartition: LaneEpoch] {
    let (topics, numbers) = PostgresStore.columns(partitions)
    return try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.connection().query(
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
    try await PostgresStore.answer { () throws(PostgresError) in
      let found = try await lookups.connection().query(
        "SELECT digest, outputs FROM runtime.inbox WHERE consumer = $1 AND identity = $2 LIMIT 1",
        [.text(consumer), .uuid(identity.uuid)])
      return found.count == 0 ? nil : try PostgresStore.recorded(found[0])
    }
  }

  public func commit(_ batch: CommitBatch) async throws(StoreError) -> CommitOutcome {
    let lanes = Array(batch.lanes.keys)
    let parameters = PostgresStore.parameters(batch, lanes)
    return try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await commits.connection().query(
        "SELECT * FROM runtime.commit_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", parameters)
      var fenced: Set<TopicPartition> = []
      var repeats: [Int: RecordedAnswer] = [:]
      for row in rows.rows {
        let place = try row.value("place", as: Int.self) - 1
        if try row.value("kind", as: String.self) == "fenced" {
          fenced.insert(lanes[place])
        } else {
          repeats[place] = try PostgresStore.recorded(row)
        }
      }
      return fenced.isEmpty ? .committed(repeats: repeats) : .fenced(fenced)
    }
  }

  /// Makes the partitions of the coming days and drops old ones.
  ///
  /// - Returns: what was done, in words.
  public func maintain(daysAhead: Int, retentionDays: Int) async throws(StoreError) -> [String] {
    try await PostgresStore.answer { () throws(PostgresError) in
      let rows = try await lookups.connection().query(
        "SELECT * FROM runtime.maintain_inbox($1, $2)", [.integer(Int32(daysAhead)), .integer(Int32(retentionDays))])
      var done: [String] = []
      for row in rows.rows { done.append(try "\(row.value("action", as: String.self)) \(row.value("name", as: String.self))") }
      return done
    }
  }

  public func close() async {
    await commits.close()
    await lookups.close()
  }

  private static func columns(_ partitions: [TopicPartition]) -> (topics: PostgresArray, numbers: PostgresArray) {
    var (topics, numbers) = (PostgresArray(of: .text), PostgresArray(of: .integer))
    for partition in partitions {
      topics.append(partition.topic)
      numbers.append(partition.partition)
    }
    return (topics, numbers)
  }

  private static func parameters(_ batch: CommitBatch, _ lanes: [TopicPartition]) -> [PostgresParameter] {
    let (topics, numbers) = columns(lanes)
    let places = Dictionary(uniqueKeysWithValues: zip(lanes, Int32(1)...))
    let count = batch.entries.count
    var epochs = PostgresArray(of: .bigint, capacity: lanes.count)
    for lane in lanes { epochs.append(batch.lanes[lane] ?? 0) }
    var entryLanes = PostgresArray(of: .integer, capacity: count)
    var offsets = PostgresArray(of: .bigint, capacity: count)
    var identities = PostgresArray(of: .uuid, capacity: count)
    var digests = PostgresArray(of: .uuid, capacity: count)
    var outputs = PostgresArray(of: .bytea, capacity: count)
    for entry in batch.entries {
      guard let place = places[entry.source] else { preconditionFailure("an entry belongs to one of the batch's lanes") }
      entryLanes.append(place)
      offsets.append(entry.offset)
      identities.append(entry.identity.uuid)
      if let digest = entry.digest { digests.append(digest.uuid) } else { digests.appendNull() }
      outputs.append(bytea: RecordedOutputs.encode(entry.outputs))
    }
    return [
      .uuid(batch.id), .text(batch.consumer), .array(topics), .array(numbers), .array(epochs), .array(entryLanes),
      .array(offsets), .array(identities), .array(digests), .array(outputs),
    ]
  }

  private static func recorded(_ row: PostgresRow) throws(PostgresError) -> RecordedAnswer {
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

  private static func answer<Value>(_ body: () async throws(PostgresError) -> Value) async throws(StoreError) -> Value {
    do {
      return try await body()
    } catch {
      throw StoreError(error.isRetriable ? .unavailable : .failed, error.advice)
    }
  }
}

extension PostgresError {
  /// The error, with what to do where that is known.
  fileprivate var advice: String {
    // undefined_table, invalid_schema_name, undefined_function
    guard ["42P01", "3F000", "42883"].contains(sqlState ?? "") else { return description }
    return "\(description); the database lacks this version's schema: run `onexctl migrate up`"
  }
}
