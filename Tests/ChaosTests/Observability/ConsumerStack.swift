import Glibc
import OnexCore
import OnexKafka
import OnexPostgres
import ProcessTestSupport

/// A broker, a database and members of one group of `agent-actions-consumer`, for nobody else.
actor ConsumerStack {
  static let service = "agent-actions-consumer"
  /// After so long a group that does not come to rest has lost members without the broker's noticing.
  private static let sessionTime = Duration.seconds(6)
  private static let settledWithin = Duration.seconds(120)

  let broker: PrivateBroker
  let database: PrivatePostgres
  let client: Client
  let bus: KafkaEventBus
  let admin: KafkaAdmin
  let group = "observability-\(RandomIDSource().next())"
  private let sessions: GroupSessions
  /// Beside those that every member has.
  private let settings: [String: String]
  private var members: [RunningService] = []
  private var leaving: [RunningService] = []

  /// Starts everything with one member and returns when it is ready.
  ///
  /// - Parameter script: what is done to the database before that.
  init(_ settings: [String: String] = [:], script: String = "") async throws {
    self.settings = settings
    async let startingBroker = PrivateBroker()
    async let startingDatabase = PrivatePostgres()
    do {
      broker = try await startingBroker
    } catch {
      await (try? startingDatabase)?.remove()
      throw error
    }
    do {
      database = try await startingDatabase
    } catch {
      await broker.remove()
      throw error
    }
    client = try Client(broker.address)
    let connection = KafkaConnection(bootstrapServers: [broker.address], clientID: "chaos")
    bus = KafkaEventBus(connection)
    admin = try KafkaAdmin(connection)
    sessions = try GroupSessions(broker.address)
    do {
      try await prepare(script)
    } catch {
      await remove()
      throw error
    }
  }

  /// One that is gone afterwards.
  static func with(
    _ settings: [String: String] = [:], script: String = "", _ body: (ConsumerStack) async throws -> Void
  ) async throws {
    let stack = try await ConsumerStack(settings, script: script)
    do {
      try await body(stack)
    } catch {
      // Before other things go wrong for want of a stack.
      Announcement.say("observability chaos: \(error)")
      await stack.remove()
      throw error
    }
    await stack.remove()
  }

  private func prepare(_ script: String) async throws {
    async let topics: Void = RuntimeTopics.make(broker.address)
    let migrated = try await Process.run(
      "onexctl", ["migrate", "up", "--dir", TestEnvironment.repository + "/migrations"],
      environment: ["OMNIBASE_INFRA_DB_URL": database.url])
    guard migrated.code == 0 else { throw TestFailure("the database has no schema: \(migrated.output)") }
    try await execute(script)
    try await topics
    try join()
    try await untilReady()
  }

  func execute(_ script: String) async throws {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(database.url)))
    try await connection.script(script)
    await connection.close()
  }

  /// A query's column `name`, sorted.
  func names(_ sql: String) async throws -> [String] {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(database.url)))
    let names = try await connection.query(sql).rows.map { try $0.value("name", as: String.self) }
    await connection.close()
    return names.sorted()
  }

  private func start(group: String) throws -> RunningService {
    var all = [
      "KAFKA_BOOTSTRAP_SERVERS": broker.address, "OMNIBASE_INFRA_DB_URL": database.url,
      "OMNIBASE_INFRA_AGENT_ACTIONS_KAFKA_GROUP_ID": group,
      // Small, so that there are many moments between two of them.
      "OMNIBASE_INFRA_AGENT_ACTIONS_BATCH_SIZE": "30",
    ]
    all.merge(settings) { _, own in own }
    return try RunningService(ConsumerStack.service, settings: all)
  }

  // MARK: - What happens to members

  func join(atMost countMax: Int = .max) throws {
    guard members.count < countMax else { return }
    members.append(try start(group: group))
  }

  /// Kills one of them and starts another.
  func kill(pick: Int, downtime: Duration) async throws {
    let victim = members.remove(at: pick % members.count)
    try ConsumerStack.expectAlive(victim)
    victim.process.signal(SIGKILL)
    _ = try await victim.process.exitCode(within: .seconds(60))
    try await SystemClock().sleep(for: downtime)
    try await sessions.end(of: group)
    try join()
  }

  /// Asks one of them to end as an operator does, and does not wait for it. One stays.
  func leave(pick: Int) throws {
    guard members.count > 1 else { return }
    let member = members.remove(at: pick % members.count)
    try ConsumerStack.expectAlive(member)
    member.process.signal(SIGTERM)
    leaving.append(member)
  }

  func loseSessions() async throws { try await sessions.end(of: group) }

  /// Stops one of them for a while. If it is replaced, the group has given it up when it wakes up, and it leaves then.
  func freeze(time: Duration, isReplaced: Bool) async throws {
    let member = members[0]
    try await member.untilReady()
    member.process.signal(SIGSTOP)
    defer { member.process.signal(SIGCONT) }
    if isReplaced {
      try await sessions.end(of: group)
      try join()
    }
    try await SystemClock().sleep(for: time)
    member.process.signal(SIGCONT)
    guard isReplaced else { return }
    // Both are in the group then.
    try await untilReady()
    try leave(pick: 0)
  }

  /// - Parameter mode: what `pg_ctl -m` calls it.
  func stopDatabase(_ mode: String, downtime: Duration) async throws {
    try await database.stop(mode)
    do {
      try await untilUnready("DATABASE_UNREACHABLE")
      try await SystemClock().sleep(for: downtime)
      for member in members {
        let health = try await member.get("/health")?.status
        guard health == 200 else { throw TestFailure("\(member.process.logPath): /health is \(health ?? 0) without a database") }
      }
    } catch {
      try? await database.start()
      throw error
    }
    try await database.start()
    try await untilReady()
  }

  private static func expectAlive(_ member: RunningService) throws {
    // What ended by itself was no victim of this test.
    guard let code = member.process.code else { return }
    throw TestFailure("\(member.process.logPath) ended with \(code): \(member.process.output.suffix(800))")
  }

  // MARK: - Looking

  /// The first member's.
  func get(_ path: String) async throws -> (status: Int, body: JSONValue)? { try await members[0].get(path) }

  func untilReady() async throws {
    for member in members {
      try await coming("\(member.process.logPath) is ready", group) {
        try ConsumerStack.expectAlive(member)
        return try await member.get("/ready")?.status == 200
      }
    }
  }

  /// Waits until every member says so on `/ready`.
  func untilUnready(_ reason: String) async throws {
    for member in members {
      try await coming("\(member.process.logPath) says \(reason)", group) {
        try ConsumerStack.expectAlive(member)
        let ready = try await member.get("/ready")
        let codes = ready?.body["reasons"]?.array?.compactMap { $0["code"]?.string } ?? []
        return ready?.status == 503 && codes.contains(reason)
      }
    }
  }

  /// Where the partitions end that have records.
  func ends() async throws -> [TopicPartition: Int64] {
    let topics = Set(ObservedTable.allCases.map(\.topic))
    let partitions = try await admin.topics().filter { topics.contains($0.name) }.flatMap { topic in
      topic.partitions.map { TopicPartition(topic.name, $0.partition) }
    }
    return try await admin.watermarks(of: partitions).mapValues(\.upperBound).filter { $0.value > 0 }
  }

  func committed(_ group: String? = nil, _ partitions: some Sequence<TopicPartition>) async throws -> [TopicPartition: Int64] {
    try await admin.committedOffsets(of: group ?? self.group, Array(partitions))
  }

  /// Waits until the group has committed everything that is in the log. What is missing when the time is over is for the check to say.
  func untilSettled() async throws {
    try await untilReady()
    let ends = try await ends()
    try? await coming("everything is settled", group) { try await committed(nil, ends.keys) == ends }
    try await untilReady()
  }

  /// Waits, and does meanwhile what the broker should do: members that are gone are not waited for beyond their session.
  private func coming(_ what: String, _ group: String, _ condition: () async throws -> Bool) async throws {
    let clock = SystemClock()
    var restless = clock.uptime()
    _ = try await TestEnvironment.eventually(what, within: ConsumerStack.settledWithin) {
      if try await condition() { return true }
      let now = clock.uptime()
      if try await sessions.describe(group).state == "Stable" {
        restless = now
      } else if now - restless > ConsumerStack.sessionTime {
        try await sessions.end(of: group)
        restless = now
      }
      return nil
    }
  }

  /// Reads everything again with a member of another group, from the beginning to what is the end now.
  func replay() async throws {
    let other = "\(group)-again"
    let ends = try await ends()
    let member = try start(group: other)
    do {
      try await coming("everything is read again", other) {
        try ConsumerStack.expectAlive(member)
        return try await committed(other, ends.keys) == ends
      }
    } catch {
      member.process.signal(SIGKILL)
      throw error
    }
    member.process.signal(SIGTERM)
    try await ConsumerStack.expectEnd(of: [member])
  }

  // MARK: - The end

  /// Ends all members as an operator does.
  func stopMembers() async throws {
    for member in members { member.process.signal(SIGTERM) }
    try await ConsumerStack.expectEnd(of: members + leaving)
    members = []
    leaving = []
  }

  private static func expectEnd(of services: [RunningService]) async throws {
    for service in services {
      let code = try await service.process.exitCode(within: .seconds(60))
      guard code == 0 else {
        throw TestFailure("\(service.process.logPath) ended with \(code): \(service.process.output.suffix(800))")
      }
    }
  }

  /// Nothing is left of it.
  func remove() async {
    for member in members + leaving { member.process.signal(SIGKILL) }
    members = []
    leaving = []
    await broker.remove()
    await database.remove()
  }
}
