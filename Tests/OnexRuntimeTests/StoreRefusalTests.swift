import OnexCore
import OnexInMemory
import OnexJSON
import OnexKernel
import OnexTestSupport
import Synchronization
import Testing

@testable import OnexRuntime
@testable import OnexService

/// A store that refuses something: one record, everything, or the order in which changes came.
@Suite(.timeLimit(.minutes(1))) struct StoreRefusalTests {
  private let clock = SystemClock()
  private let bus = InMemoryEventBus(limits: InMemoryEventBus.Limits(partitions: 2))
  private let store: PickyStore
  private let context: ServiceContext
  private let pipeline: Pipeline

  init() throws {
    context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(clock: clock),
      clock: clock)
    store = PickyStore(clock: clock)
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    var options = RoleOptions(contractsDirectory: "/\(folder)/Contracts")
    options.pipeline.outage = RetryPolicy(attemptsMax: .max, initialBackoff: .milliseconds(1), maxBackoff: .milliseconds(2))
    options.pipeline.conflict = options.pipeline.outage
    options.pipeline.timerLease = .milliseconds(300)
    pipeline = try RouterRole(group: "g", topics: RoutingTopics(), reducers: [Counter.self])
      .pipeline(bus, LoadedContracts.load(options, context), store, options, context)
    context.health.running()
  }

  /// Runs the pipeline while `body` does.
  private func running(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pipeline.run() }
      defer { context.shutdown.request() }
      try await body()
    }
  }

  /// Counts under each key, all in one partition, and gives the answers by key.
  private func count(_ keys: [String]) async throws -> [String: JSONValue] {
    let reader = try await bus.reader(topics: ["responses"], from: .end)
    var names: [String: String] = [:]
    let requests = keys.map { key in
      let id = CorrelationID(RandomIDSource().next())
      names[id.description] = key
      let payload = (["id": .string(key)] as JSONValue).encoded()
      let text = #"{"operation":"counter.add","correlation_id":"\#(id)","payload":\#(payload)}"#
      return OutboundRecord(topic: "requests", partition: 0, key: "one", value: Bytes(text))
    }
    #expect(try await bus.producer().publish(requests).isEmpty)
    var answers: [String: JSONValue] = [:]
    while answers.count < keys.count {
      for case .records(let records) in await reader.poll(PollLimit(wait: .milliseconds(50))) {
        for record in records {
          let answer = try JSONValue.parse(try #require(record.value))
          guard let name = answer["correlation_id"]?.string.flatMap({ names[$0] }) else { continue }
          #expect(answers[name] == nil, "one answer each")
          answers[name] = answer
        }
      }
    }
    return answers
  }

  private func deadLetters() async throws -> [ConsumedRecord] {
    let reader = try await bus.reader(topics: ["requests.dlq"], from: .beginning)
    return await reader.poll(PollLimit(wait: .milliseconds(1))).flatMap { event -> [ConsumedRecord] in
      if case .records(let records) = event { records } else { [] }
    }
  }

  private static let tooLong = StoreError(
    .rejected,
    "DATABASE_STATEMENT [54000]: index row size 2720 exceeds btree version 4 maximum 2704 for index \"projections_pkey\"")

  /// A read model's key that no index takes, which a commit meets, and text that the database cannot read, which the look at the stream
  /// meets; each among others in one batch.
  @Test(arguments: ["refused", "unreadable"])
  func oneRecordThatTheStoreRefusesIsGivenUpAlone(_ bad: String) async throws {
    store.answer { batch in
      batch.projections.contains { $0.key == "refused" } ? .error(StoreRefusalTests.tooLong) : nil
    }
    try await running {
      let keys = (0..<40).map { "key-\($0)" }
      let answers = try await count(Array(keys[..<17]) + [bad] + Array(keys[17...]))
      for key in keys { #expect(answers[key]?["payload"]?["total"] == 1) }
      let error = answers[bad]?["error"]
      #expect(error?["code"] == "STORE_REJECTED" && error?["retryable"] == false)
      let letters = try await deadLetters()
      #expect(letters.count == 1)
      func text(_ name: String) -> String? { letters.first?.headers.last { $0.name == name }?.value?.text }
      #expect(text("onex_dlq_original_topic") == "requests" && text("onex_dlq_original_partition") == "0")
      #expect(text("onex_dlq_original_offset") == "17")
      #expect(text("onex_dlq_error_code") == "STORE_REJECTED")
      #expect(text("onex_dlq_failure_reason")?.contains("DATABASE_STATEMENT [") == true)
      #expect(context.health.isReady && !context.health.snapshot().reasons.contains { $0.code.hasPrefix("STORE") })
      // The record is done: what comes later under its key, and again, is answered.
      #expect(try await count(["later"])["later"]?["payload"]?["total"] == 1)
    }
    #expect(bus.isDrained)
  }

  /// A store that takes nothing at all is out of order; no record is to blame.
  @Test func aStoreThatRefusesEverythingDeadLettersNothing() async throws {
    let refused = Atomic<Int>(0)
    store.answer { _ in
      refused.add(1, ordering: .relaxed)
      return .error(StoreError(.rejected, "DATABASE_STATEMENT [23502]: null value in column \"new\""))
    }
    try await running {
      async let answers = count((0..<8).map { "key-\($0)" })
      while !context.health.snapshot().reasons.contains(where: { $0.code == "STORE_REFUSED" })
        || refused.load(ordering: .relaxed) < 30
      {
        try await clock.sleep(for: .milliseconds(1))
      }
      #expect(!context.health.isReady)
      store.answer { _ in nil }
      let found = try await answers
      #expect(
        found.values.filter { $0["error"] != nil }.count <= 1, "the one whose refusal was committed when the store came back")
      #expect(context.health.isReady)
    }
  }

  /// A missing privilege is waited for under its own name.
  @Test func aMissingPrivilegeIsNamedAndBlamesNoRecord() async throws {
    store.answer { _ in .error(StoreError(.refused, "DATABASE_STATEMENT [42501]: permission denied for table inbox")) }
    try await running {
      async let answers = count(["a", "b"])
      var reason: HealthReason?
      while reason == nil {
        reason = context.health.snapshot().reasons.first { $0.code == "STORE_REFUSED" }
        try await clock.sleep(for: .milliseconds(1))
      }
      #expect(reason?.message.contains("permission denied for table inbox") == true)
      store.answer { _ in nil }
      #expect(try await answers.values.allSatisfy { $0["success"] == true })
      #expect(try await deadLetters().isEmpty)
    }
  }

  @Test func aChangeThatNeverComesFirstIsGivenUpInTheEnd() async throws {
    store.answer { batch in batch.streams.contains { $0.stream.key == "contended" } ? .conflict : nil }
    try await running {
      let answers = try await count(["a", "contended", "b"])
      #expect(answers["a"]?["success"] == true && answers["b"]?["success"] == true)
      #expect(answers["contended"]?["error"]?["code"] == "STORE_REJECTED")
    }
  }
}

/// Two processes, of which the other has the timers.
extension StoreRefusalTests {
  @Test func whoHasNoTimersIsReadyAgainAfterAnOutage() async throws {
    store.lease.withLock { $0 = .failure(StoreError(.unavailable, "away")) }
    try await running {
      while context.health.isReady { try await clock.sleep(for: .milliseconds(1)) }
      store.lease.withLock { $0 = .success(.taken(LeaseState(epoch: 1, renewals: 1))) }
      while !context.health.isReady { try await clock.sleep(for: .milliseconds(1)) }
      #expect(!context.health.snapshot().reasons.contains { $0.code.hasPrefix("STORE") })
    }
  }
}

/// A store for which another writer is faster than every large batch.
extension StoreRefusalTests {
  @Test func aBatchThatAlwaysComesTooLateIsDoneInParts() async throws {
    store.answer { batch in batch.streams.count > 4 ? .conflict : nil }
    try await running {
      let keys = (0..<200).map { "key-\($0)" }
      let answers = try await count(keys)
      #expect(keys.allSatisfy { answers[$0]?["success"] == true })
      #expect(store.commits.withLock { $0.count } < 4 * keys.count, "parts are tried a few times each, not sixty")
      #expect(try await deadLetters().isEmpty)
    }
  }

  /// The first half of a batch does not wait for the second.
  @Test func whatIsCommittedOfABatchIsPublishedAtOnce() async throws {
    let isAway = Atomic(true)
    store.answer { batch in
      if batch.streams.count > 1 { return .conflict }
      let isLast = batch.streams.contains { $0.stream.key == "last" }
      return isLast && isAway.load(ordering: .relaxed) ? .error(StoreError(.unavailable, "away")) : nil
    }
    try await running {
      async let last = count(["first", "last"])
      let reader = try await bus.reader(topics: ["responses"], from: .beginning)
      var seen = 0
      while seen == 0, !Task.isCancelled {
        for case .records(let records) in await reader.poll(PollLimit(wait: .milliseconds(50))) { seen += records.count }
      }
      #expect(seen == 1)
      isAway.store(false, ordering: .relaxed)
      #expect(try await last.values.allSatisfy { $0["success"] == true })
    }
  }
}

/// In time that a test moves.
@Suite(.timeLimit(.minutes(1))) struct ConflictTests {
  @Test func aConflictIsDecidedAgainAfterARestThatGrows() async throws {
    let clock = VirtualClock()
    let outcome = Mutex<Result<[Duration], any Error>?>(nil)
    let ending = try await OwnThread.run {
      let executor = SimulationExecutor(seed: 1, clock: clock)
      return executor.run {
        do {
          let times = try await ConflictTests.commits(clock, executor, conflicts: 12)
          outcome.withLock { $0 = .success(times) }
        } catch {
          outcome.withLock { $0 = .failure(error) }
        }
      }
    }
    #expect(ending == .finished)
    let times = try #require(try outcome.withLock { $0 }?.get())
    let waits = zip(times, times.dropFirst()).map { $1 - $0 }.prefix(12)
    #expect(waits.allSatisfy { $0 >= .milliseconds(1) && $0 <= .seconds(1) })
    #expect(waits.count == 12 && waits.reduce(.zero, +) > .seconds(2), "a dozen conflicts take seconds, not a busy loop")
  }

  /// When each commit was asked for, while the store answers the first ones with conflicts.
  private static func commits(
    _ clock: VirtualClock, _ executor: SimulationExecutor, conflicts: Int
  ) async throws -> [Duration] {
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(clock: clock),
      clock: clock)
    let (bus, store) = (InMemoryEventBus(clock: clock), PickyStore(clock: clock))
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    var options = RoleOptions(contractsDirectory: "/\(folder)/Contracts")
    options.handlerExecutor = executor
    let pipeline = try RouterRole(group: "g", topics: RoutingTopics(), reducers: [Counter.self])
      .pipeline(bus, LoadedContracts.load(options, context), store, options, context)
    store.answer { batch in
      !batch.streams.isEmpty && store.commits.withLock { $0.count } <= conflicts ? .conflict : nil
    }
    let id = CorrelationID(RandomIDSource().next())
    let text = #"{"operation":"counter.add","correlation_id":"\#(id)","payload":{"id":"a"}}"#
    let reader = try await bus.reader(topics: ["responses"], from: .beginning)
    _ = try await bus.producer().publish([OutboundRecord(topic: "requests", key: "a", value: Bytes(text))])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pipeline.run() }
      let answer = try await ResponseWait(reader: reader, clock: clock).first(id, timeout: .seconds(600))
      #expect(answer != nil)
      context.shutdown.request()
      try await group.waitForAll()
    }
    return store.commits.withLock { $0 }
  }
}
