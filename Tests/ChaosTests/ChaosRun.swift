import OnexCore
import OnexJSON
import OnexPostgres
import ProcessTestSupport

/// One run: load, faults, then quiet, then what is found.
struct ChaosRun {
  /// Workers beside the one that stays.
  private static let stormMax = 5
  /// Without one more answer. A machine that is busy with other things is slow, and that is no loss.
  private static let silenceMax = Duration.seconds(60)
  /// How long the last answers may take.
  private static let drainMax = Duration.seconds(900)

  let stack: ChaosStack
  let load: Load

  init(_ stack: ChaosStack, seed: UInt64, kinds: Set<SentRequest.Kind> = Set(SentRequest.Kind.allCases)) {
    self.stack = stack
    load = Load(stack.client, seed: seed, folder: stack.folder, kinds: kinds)
  }

  /// Does what the plan says while requests come, and waits until everything is answered.
  func execute(_ plan: ChaosPlan) async throws {
    try await load.beside(plan.faults, pause: \.pause, rest: .milliseconds(500)) { fault in
      try await inflict(fault.kind)
      await stack.look()
    }
    try await stack.untilReady()
    try await untilAnswered()
    try await untilNoTimer()
    try await stack.untilReady()
    try await stack.stopServices()
  }

  private func inflict(_ fault: ChaosPlan.Kind) async throws {
    switch fault {
    case .kill(let member, let downtime): try await stack.kill(member, downtime: downtime)
    case .stopDatabase(let mode, let downtime):
      let database = stack.database
      try await stack.outage(
        "STORE_UNAVAILABLE", blamed: [.main, .effects], downtime: downtime, stop: { try await database.stop(mode.rawValue) },
        start: { try await database.start() })
    case .stopBroker(let downtime):
      let (stack, load) = (stack, load)
      try await stack.outage(
        "BROKER_UNREACHABLE", blamed: ChaosPlan.Member.allCases, downtime: downtime, stop: { try await stack.stopBroker(load) },
        start: { try await stack.broker.start() })
    case .freeze(let member, let time, let isReplaced):
      try await stack.freeze(member, time: time, isReplaced: isReplaced)
    case .joinWorker: try await stack.joinWorker(atMost: ChaosRun.stormMax)
    case .leaveWorker(let pick): await stack.leaveWorker(pick)
    }
  }

  /// Whatever is missing when the time is over is for the check to say.
  func untilAnswered(within limit: Duration = ChaosRun.drainMax) async throws {
    var open = Set(load.sent.map(\.id))
    let reader = try await stack.client.reader(Topics.responses, from: .beginning)
    let clock = SystemClock()
    let end = clock.uptime() + limit
    var silentUntil = clock.uptime() + ChaosRun.silenceMax
    while !open.isEmpty, clock.uptime() < min(end, silentUntil) {
      for case .records(let records) in await reader.poll(PollLimit()) {
        for record in records {
          guard let id = try JSONValue.parse(record.value ?? .empty)["correlation_id"]?.string, open.remove(id) != nil else {
            continue
          }
          silentUntil = clock.uptime() + ChaosRun.silenceMax
        }
      }
    }
    await reader.close()
    if !open.isEmpty { await stack.announceStates("\(open.count) requests have no answer") }
  }

  /// A missed deadline's timer goes when its answer is published.
  private func untilNoTimer() async throws {
    let connection = try await PostgresConnection.connect(PostgresConfiguration(.connectionString(stack.database.url)))
    _ = try? await TestEnvironment.eventually("no timer is left", within: .seconds(20)) {
      try await ChaosRecord.timers(connection) == 0 ? true : nil
    }
    await connection.close()
  }

  /// What is found when everything is still.
  func record() async throws -> ChaosRecord {
    var record = ChaosRecord()
    record.sent = load.sent
    record.mainConsumer = "runtime-main-\(stack.run)"
    record.effectsConsumer = "runtime-effects-\(stack.run)"
    record.resident = await stack.resident
    try await record.read(stack.client)
    try await record.read(stack.database.url)
    return record
  }
}
