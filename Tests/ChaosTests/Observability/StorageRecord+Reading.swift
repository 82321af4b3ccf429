import OnexCore
import OnexJSON
import OnexKafka
import OnexPostgres

extension StorageRecord {
  /// What is in the log, in the tables and committed now.
  ///
  /// - Parameter absent: a table that is not there now.
  init(_ stack: ConsumerStack, sent: [Report], absent: ObservedTable? = nil) async throws {
    self.sent = sent
    ends = try await stack.ends()
    committed = try await stack.committed(nil, ends.keys)
    for record in try await StorageRecord.everything(in: ObservedTable.allCases.map(\.topic), stack.bus) {
      guard let tag = Report.tag(of: record.headers) else { continue }
      log[Place(record.source, record.offset)] = tag
      derivedIDs[Place(record.source, record.offset)] = EnvelopeID(placeOf: record)
    }
    for record in try await StorageRecord.everything(
      in: ObservedTable.allCases.map { Topics.deadLetters(of: $0.topic) }, stack.bus)
    { letters.append(StorageRecord.letter(record)) }
    let connection = try await StorageRecord.connection(stack)
    for table in ObservedTable.allCases where table != absent {
      let result = try await connection.query("SELECT to_jsonb(t)::text AS row FROM \(table.rawValue) AS t")
      for row in result.rows {
        let stored = try JSONValue.parse(Bytes(try row.value("row", as: String.self))).object ?? JSONObject()
        let told = stored.members.filter { !$0.value.isNull && $0.name != "received_at" }
        rows.append(Row(table: table, columns: JSONObject(told.map { ($0.name, $0.value) })))
      }
    }
    await connection.close()
  }

  /// One text for each table that changes with anything in it, what the consumer adds included.
  static func digests(_ stack: ConsumerStack) async throws -> [ObservedTable: String] {
    let connection = try await connection(stack)
    var digests: [ObservedTable: String] = [:]
    for table in ObservedTable.allCases {
      let result = try await connection.query(
        "SELECT concat(count(*), ' ', md5(string_agg(t::text, ' ' ORDER BY t::text))) AS digest FROM \(table.rawValue) AS t")
      digests[table] = try result[0].value("digest", as: String.self)
    }
    await connection.close()
    return digests
  }

  private static func connection(_ stack: ConsumerStack) async throws -> PostgresConnection {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(stack.database.url)))
    try await connection.script("SET TimeZone = 'UTC'")
    return connection
  }

  private static func everything(in topics: [String], _ bus: KafkaEventBus) async throws -> [ConsumedRecord] {
    let reader = try await bus.reader(topics: topics, from: .beginning)
    var all: [ConsumedRecord] = []
    while reader.remaining() > 0 {
      for case .records(let records) in await reader.poll(PollLimit()) { all += records }
    }
    await reader.close()
    return all
  }

  private static func letter(_ record: ConsumedRecord) -> Letter {
    func header(_ name: String) -> String? { record.headers.first { $0.name == name }?.value?.text }
    var origin: Place?
    if let topic = header(DeadLetterHeader.originalTopic), let partition = header(DeadLetterHeader.originalPartition),
      let number = Int32(partition), let text = header(DeadLetterHeader.originalOffset), let offset = Int64(text)
    {
      origin = Place(TopicPartition(topic, number), offset)
    }
    return Letter(
      topic: record.source.topic, origin: origin, code: header(DeadLetterHeader.errorCode) ?? "",
      reason: header(DeadLetterHeader.failureReason) ?? "", key: record.key?.text, value: record.value)
  }
}
