import Glibc
import OnexCore
import OnexJSON
import OnexKafka
import ProcessTestSupport

/// A broker, a database and the services of one run, for nobody else.
actor ChaosStack {
  /// Twice the interval of heartbeats, and something to spare.
  private static let noticeTime = Duration.seconds(7)

  let broker: PrivateBroker
  let database: PrivatePostgres
  let client: Client
  let run = RandomIDSource().next().description
  /// Below a path that the contract allows.
  let folder: String
  /// Executables that stand in for a built one.
  private let replacements: [ChaosPlan.Member: String]
  private var services: [ChaosPlan.Member: RunningService] = [:]
  /// Workers without a name of their own.
  private var storm: [RunningService] = []
  private var leaving: [RunningService] = []
  private(set) var resident: [String: Int] = [:]

  /// Starts everything and returns when it is ready.
  init(replacing replacements: [ChaosPlan.Member: String] = [:]) async throws {
    self.replacements = replacements
    folder = "\(TestEnvironment.dataFolder)/chaos-\(run)"
    mkdir(folder, 0o755)
    broker = try await PrivateBroker()
    do {
      database = try await PrivatePostgres()
    } catch {
      await broker.remove()
      throw error
    }
    client = try Client(broker.address)
    do {
      try await prepare()
    } catch {
      await remove()
      throw error
    }
  }

  private func prepare() async throws {
    try await RuntimeTopics.make(broker.address)
    let migrated = try await Process.run(
      "onexctl", ["migrate", "up", "--dir", TestEnvironment.repository + "/migrations"],
      environment: ["OMNIBASE_INFRA_DB_URL": database.url])
    guard migrated.code == 0 else { throw TestFailure("the database has no schema: \(migrated.output)") }
    for member in ChaosPlan.Member.allCases { services[member] = try start(member) }
    try await untilReady()
  }

  /// Under a name that it keeps, so that it has its partitions back at once. (The development broker never gives up a killed leader.)
  private func start(_ member: ChaosPlan.Member) throws -> RunningService {
    try start(member.rawValue, executable: replacements[member], ["ONEX_GROUP_INSTANCE_ID": member.rawValue])
  }

  private func start(_ name: String, executable: String? = nil, _ settings: [String: String] = [:]) throws -> RunningService {
    var all = settings
    all["KAFKA_BOOTSTRAP_SERVERS"] = broker.address
    if name != ChaosPlan.Member.worker.rawValue { all["OMNIBASE_INFRA_DB_URL"] = database.url }
    all["ONEX_CONTRACTS_DIR"] = TestEnvironment.repository + "/Tests/ChaosTests/Contracts"
    return try RunningService(name, executable: executable, run: run, settings: all)
  }

  private var all: [(name: String, service: RunningService)] {
    services.map { ($0.key.rawValue, $0.value) } + storm.map { ("runtime-worker", $0) }
  }

  private func service(_ member: ChaosPlan.Member) throws -> RunningService {
    guard let service = services[member] else { throw TestFailure("\(member) was not started") }
    return service
  }

  // MARK: - What happens to services

  func kill(_ member: ChaosPlan.Member, downtime: Duration) async throws {
    let victim = try service(member)
    // What ended by itself was no victim of this test.
    if let code = victim.process.code { throw TestFailure("\(member) ended with \(code): \(victim.process.output.suffix(800))") }
    victim.process.signal(SIGKILL)
    _ = try await victim.process.exitCode(within: .seconds(60))
    try await SystemClock().sleep(for: downtime)
    services[member] = try start(member)
  }

  /// Stops it for a while; somebody else may have taken its place when it wakes up.
  func freeze(_ member: ChaosPlan.Member, time: Duration, isReplaced: Bool) async throws {
    let zombie = try service(member)
    try await zombie.untilReady()
    zombie.process.signal(SIGSTOP)
    defer { zombie.process.signal(SIGCONT) }
    if isReplaced { services[member] = try start(member) }
    try await SystemClock().sleep(for: time)
    zombie.process.signal(SIGCONT)
    if isReplaced {
      // The group has given its name to the other process: it cannot go on.
      let code = try await zombie.process.exitCode(within: .seconds(60))
      guard code == 70 else { throw TestFailure("the zombie \(member) ended with \(code): \(zombie.process.output.suffix(800))") }
    } else if let code = try await end(of: zombie) {
      guard code == 70 else {
        throw TestFailure("\(member) woke up and ended with \(code): \(zombie.process.output.suffix(800))")
      }
      services[member] = try start(member)
    }
    try await untilReady()
  }

  /// Waits until a process that has woken up knows what it missed: it asks the group every 3 s, and is ready until then.
  ///
  /// - Returns: the exit code; `nil` when it goes on.
  private func end(of awakened: RunningService) async throws -> Int32? {
    let clock = SystemClock()
    let noticed = clock.uptime() + ChaosStack.noticeTime
    return try await TestEnvironment.eventually("\(awakened.process.logPath) is ready or ends", within: .seconds(60)) {
      if let code = awakened.process.code { return Int32?.some(code) }
      guard clock.uptime() > noticed, try await awakened.get("/ready")?.status == 200 else { return nil as Int32?? }
      return Int32?.none
    }
  }

  func joinWorker(atMost countMax: Int) throws {
    guard storm.count < countMax else { return }
    storm.append(try start("runtime-worker"))
  }

  /// Asks one of them to leave, and does not wait for it.
  func leaveWorker(_ pick: Int) {
    guard !storm.isEmpty else { return }
    let worker = storm.remove(at: pick % storm.count)
    worker.process.signal(SIGTERM)
    leaving.append(worker)
  }

  // MARK: - What happens to what they need

  /// - Parameters:
  ///   - reason: what each of `blamed` must say on `/ready` meanwhile.
  ///   - start: is also called when something else was wrong, because what was sent waits for it for ever.
  func outage(
    _ reason: String, blamed: [ChaosPlan.Member], downtime: Duration, stop: @Sendable () async throws -> Void,
    start: @Sendable () async throws -> Void
  ) async throws {
    try await stop()
    do {
      try await expectUnready(reason, blamed)
      try await SystemClock().sleep(for: downtime)
      for (_, service) in all { try await expectHealthy(service) }
    } catch {
      try? await start()
      throw error
    }
    try await start()
    try await untilReady()
  }

  private func expectUnready(_ reason: String, _ blamed: [ChaosPlan.Member]) async throws {
    for member in blamed {
      let service = try service(member)
      var said = "nothing"
      do {
        _ = try await TestEnvironment.eventually("\(member) says \(reason)", within: .seconds(40)) {
          try await expectHealthy(service)
          let ready = try await service.get("/ready")
          said = ready.map { "\($0.status) \($0.body)" } ?? "nothing"
          let codes = ready?.body["reasons"]?.array?.compactMap { $0["code"]?.string } ?? []
          return ready?.status == 503 && codes.contains(reason) ? true : nil
        }
      } catch {
        throw TestFailure("\(error); /ready said \(said)")
      }
    }
  }

  /// Ends the broker while nobody asks it for anything: for some 60 ms after SIGTERM it goes on acknowledging records that its last
  /// snapshot does not have.
  func stopBroker(_ load: Load) async throws {
    try await load.pause()
    for (_, service) in all { service.process.signal(SIGSTOP) }
    defer {
      for (_, service) in all { service.process.signal(SIGCONT) }
      load.resume()
    }
    try await untilNothingIsWritten()
    try await broker.stop()
  }

  /// Waits until the broker has worked off what the services had sent when they were stopped: it answers, and its logs do not grow.
  private func untilNothingIsWritten() async throws {
    let admin = try KafkaAdmin(KafkaConnection(bootstrapServers: [broker.address], clientID: "chaos"))
    let partitions = try await admin.topics().flatMap { topic in
      topic.partitions.map { TopicPartition(topic.name, $0.partition) }
    }
    var before: [TopicPartition: Int64] = [:]
    var still = 0
    _ = try await TestEnvironment.eventually("the broker's logs do not grow", within: .seconds(60)) {
      let ends = try await admin.watermarks(of: partitions).mapValues(\.upperBound)
      still = ends == before ? still + 1 : 0
      before = ends
      return still >= 15 ? true : nil
    }
  }

  private func expectHealthy(_ service: RunningService) async throws {
    let health = try await service.get("/health")
    guard health?.status == 200 else {
      throw TestFailure("\(service.process.logPath): /health is \(health?.status ?? 0): \(service.process.output.suffix(800))")
    }
  }

  // MARK: - Looking

  func untilReady() async throws {
    for (_, service) in all { try await service.untilReady(within: .seconds(90)) }
    look()
  }

  /// Notes how much memory everybody has.
  func look() {
    for (name, service) in all {
      guard let bytes = ResidentMemory.bytes(of: service.process.pid) else { continue }
      resident[name] = max(resident[name] ?? 0, bytes)
    }
  }

  /// What every service says of itself, for whoever has to find out why a run failed.
  func announceStates(_ reason: String) async {
    for (name, service) in all {
      let ready = try? await service.get("/ready")
      let metrics = try? await RunningService.text("http://127.0.0.1:\(service.port)/metrics")
      let counts = (metrics ?? "").split(separator: "\n").filter { line in
        ["onex_lag", "onex_records", "onex_batches", "onex_commit", "onex_lanes", "onex_partitions"].contains {
          line.hasPrefix($0)
        }
      }
      Announcement.say(
        "chaos: \(reason); \(name): \(ready?.body.encoded().text ?? "no answer")\n\(counts.joined(separator: "\n"))\n"
          + "\(service.process.output.suffix(3000))")
    }
  }

  /// Ends all services as an operator does.
  func stopServices() async throws {
    for (_, service) in all { service.process.signal(SIGTERM) }
    for service in all.map(\.service) + leaving {
      let code = try await service.process.exitCode(within: .seconds(60))
      guard code == 0 else {
        throw TestFailure("\(service.process.logPath) ended with \(code): \(service.process.output.suffix(800))")
      }
    }
    services = [:]
    storm = []
    leaving = []
  }

  /// Nothing is left of it.
  func remove() async {
    for service in all.map(\.service) + leaving { service.process.signal(SIGKILL) }
    services = [:]
    storm = []
    leaving = []
    await broker.remove()
    await database.remove()
    _ = try? await Process.run("/bin/rm", ["-rf", folder])
  }
}
