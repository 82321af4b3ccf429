import OnexCore
import OnexTestSupport
import Synchronization
import Testing

@testable import OnexKernel
@testable import OnexService

/// A runner with real threads and a clock that the test moves.
private struct RunnerStage {
  let clock = VirtualClock()
  let health = HealthState()
  let threads: HandlerThreads
  let runner: HandlerRunner
  let operation: LoadedOperation
  let context: ServiceContext

  init(threads count: Int = 1, concurrencyMax: Int = 64, _ body: @escaping ScriptedHandler.Body) throws {
    let settings = OperationSettings(
      timeout: .seconds(5), retry: .never,
      circuitBreaker: CircuitBreakerPolicy(failureThreshold: 2, resetTimeout: .seconds(30), halfOpenSuccesses: 1),
      maxConcurrency: concurrencyMax)
    let contract = HandlerContract(
      name: "scripted", handlerClass: try #require(HandlerClass("Tests.ScriptedHandler")), kind: .effect,
      operations: .listed([OperationContract(try #require(Operation("test.call")))]), settings: settings)
    operation = LoadedOperation(contract: contract, label: "test", settings: settings, handler: ScriptedHandler(body))
    context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: health, clock: clock)
    threads = HandlerThreads(count: count)
    runner = HandlerRunner(threads: threads, report: OperationReport(context, group: "test"), context: context)
  }

  /// - Parameter payload: the target that is called.
  func run(_ payload: Bytes = "{}", deadline: Duration? = nil) async -> ResponseEnvelope.Outcome {
    guard let name = Operation("test.call") else { preconditionFailure("an operation") }
    var envelope = Envelope(
      operation: name, payload: payload, envelopeID: EnvelopeID(RawUUID(random: 1, 2)),
      correlationID: CorrelationID(RawUUID(random: 3, 4)))
    envelope.deadline = deadline.map { clock.now() + $0 }
    let record = ConsumedRecord(source: TopicPartition("effect-requests", 0), offset: 0, key: nil, value: nil, timestamp: nil)
    let response = await runner.run(HandlerWork(record: record, envelope: envelope, operation: operation))
    return response?.outcome ?? .failure(ResponseError(.cancelled, "the run was dropped"))
  }

  func code(_ payload: Bytes = "{}", deadline: Duration? = nil) async -> ErrorCode? {
    if case .failure(let error) = await run(payload, deadline: deadline) { error.code } else { nil }
  }

  /// Moves time look by look until the condition holds.
  func look(until condition: () -> Bool) async {
    while !condition() {
      clock.advance(by: StuckHandlers.lookInterval)
      for _ in 0..<20 { await Task.yield() }
    }
  }

  var stuckMessage: String? { health.snapshot().reasons.first { $0.code == StuckHandlers.reason }?.message }
}

private struct ScriptedHandler: Handler {
  typealias Body = @Sendable (HandlerRequest) async throws -> Bytes
  private let body: Body

  init(_ setup: HandlerSetup) { body = { _ in "{}" } }
  init(_ body: @escaping Body) { self.body = body }

  func target(of payload: Bytes) -> Bytes? { payload }

  func handle(_ request: HandlerRequest) async throws -> Bytes { try await body(request) }
}

private final class Count: Sendable {
  private let count = Atomic(0)
  var value: Int { count.load(ordering: .acquiring) }
  func add() { count.add(1, ordering: .acquiringAndReleasing) }
}

@Suite struct StuckHandlerTests {
  @Test func aHandlerThatBlocksAfterItsTimeIsNamedAndForgottenWhenItEnds() async throws {
    let gate = ThreadGate()
    let stage = try RunnerStage { request in
      if request.payload == "\"block\"" { gate.wait() }
      return "{}"
    }
    let ended = Count()
    let blocked = Task {
      defer { ended.add() }
      return await stage.code("\"block\"")
    }
    // The handler's time begins when it gets its thread: time goes on until it is answered.
    await stage.look { ended.value == 1 }
    #expect(await blocked.value == .handlerTimeout)
    await stage.look { stage.stuckMessage != nil }
    let message = try #require(stage.stuckMessage)
    #expect(message.contains("scripted (test.call) since 20"), "\(message)")
    #expect(stage.threads.stuck == 1 && !stage.runner.isExhausted)
    // Another thread took its place.
    #expect(await stage.code() == nil)
    gate.open()
    await stage.look { stage.stuckMessage == nil }
    #expect(stage.threads.stuck == 0)
    #expect(await stage.code() == nil)
  }

  @Test func handlersThatOnlyWaitHoldNoThread() async throws {
    let stage = try RunnerStage { request in
      guard request.payload == "\"wait\"" else { return "{}" }
      // Ignores cancellation and holds no thread.
      await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
      return "{}"
    }
    let ended = Count()
    let runs = (0..<50).map { _ in
      Task {
        defer { ended.add() }
        return await stage.code("\"wait\"")
      }
    }
    await stage.look { ended.value == 50 }
    for run in runs { #expect(await run.value == .handlerTimeout) }
    for _ in 0..<8 {
      stage.clock.advance(by: StuckHandlers.lookInterval)
      for _ in 0..<100 { await Task.yield() }
    }
    // As many looks as would find a thread stuck have been made.
    #expect(stage.threads.stuck == 0 && stage.stuckMessage == nil)
    #expect(await stage.code() == nil)
  }

  @Test func whenEveryThreadIsHeldNothingCanRunAndNoRequestIsAnswered() async throws {
    let gate = ThreadGate()
    let stage = try RunnerStage { request in
      if request.payload == "\"block\"" { gate.wait() }
      return "{}"
    }
    let held = 1 + HandlerThreads.compensationMax
    let runs = (0..<held).map { _ in Task { await stage.code("\"block\"") } }
    await stage.look { stage.runner.isExhausted }
    #expect(stage.threads.stuck == held)
    for run in runs { #expect(await run.value == .handlerTimeout) }
    #expect(stage.health.snapshot().reasons.contains { $0.code == StuckHandlers.reason && $0.blocksReadiness })
    // The next request waits for a thread: its time has not begun.
    let waiting = Task { await stage.code() }
    for _ in 0..<100 {
      await Task.yield()
      stage.clock.advance(by: .seconds(1))
    }
    gate.open()
    await stage.look { !stage.runner.isExhausted && stage.stuckMessage == nil }
    #expect(await waiting.value == nil)
  }
}

@Suite struct CircuitTests {
  private static func failing(_ code: ErrorCode, isCallersLimit: Bool = false) -> ScriptedHandler.Body {
    { request in
      if request.payload == "\"bad\"" {
        throw HandlerError(code, "no", isCallersLimit: isCallersLimit)
      }
      return "{}"
    }
  }

  @Test func aTargetThatFailsStopsNoOther() async throws {
    let stage = try RunnerStage(CircuitTests.failing(.handlerUnavailable))
    for _ in 0..<2 { #expect(await stage.code("\"bad\"") == .handlerUnavailable) }
    #expect(await stage.code("\"bad\"") == .circuitOpen)
    #expect(await stage.code("\"good\"") == nil)
    let metrics = stage.context.metrics.prometheusText()
    #expect(metrics.contains("onex_circuits_open{handler=\"scripted\",operation=\"test.call\"} 1"), "\(metrics)")
    stage.clock.advance(by: .seconds(30))
    #expect(await stage.code("\"bad\"") == .handlerUnavailable)
    #expect(await stage.code("\"bad\"") == .circuitOpen)
  }

  @Test func theRequestersOwnLimitIsNoFailureOfTheCallee() async throws {
    let stage = try RunnerStage(CircuitTests.failing(.handlerTimeout, isCallersLimit: true))
    for _ in 0..<20 { #expect(await stage.code("\"bad\"") == .handlerTimeout) }
  }

  @Test func aDeadlineThatEndsTheAttemptIsNoFailureOfTheCallee() async throws {
    let stage = try RunnerStage(CircuitTests.failing(.handlerTimeout))
    for _ in 0..<20 { #expect(await stage.code("\"bad\"", deadline: .seconds(1)) == .handlerTimeout) }
    #expect(await stage.code("\"bad\"", deadline: .seconds(60)) == .handlerTimeout)
    #expect(await stage.code("\"bad\"") == .handlerTimeout)
    #expect(await stage.code("\"bad\"") == .circuitOpen)
  }

  @Test(arguments: [ErrorCode.schemaViolation, .notAllowed, .handlerFailed, .outputTooLarge])
  func refusalsAreNotCounted(code: ErrorCode) async throws {
    let stage = try RunnerStage(CircuitTests.failing(code))
    for _ in 0..<5 { #expect(await stage.code("\"bad\"") == code) }
  }
}

@Suite struct ConcurrencyGateTests {
  @Test func waitingForAPlaceEndsAtTheDeadline() async throws {
    let gate = ConcurrencyGate(1)
    #expect(await gate.enter())
    let clock = VirtualClock()
    async let entered = gate.enter(nil, until: .seconds(3), clock: clock)
    await clock.waitForSleeper(dueWithin: .seconds(3))
    clock.advance(by: .seconds(3))
    #expect(await !entered)
    gate.leave()
    #expect(await gate.enter(nil, until: .seconds(4), clock: clock))
  }

  @Test func manyThatGiveUpCostNoMoreThanTheirNumber() async throws {
    let gate = ConcurrencyGate(1)
    #expect(await gate.enter())
    let tasks = (0..<20_000).map { _ in Task { await gate.enter() } }
    while gate.waitingCount < tasks.count { await Task.yield() }
    for task in tasks.dropLast() { task.cancel() }
    for task in tasks.dropLast() { #expect(await !task.value) }
    gate.leave()
    #expect(await tasks[tasks.count - 1].value)
    gate.leave()
    #expect(await gate.enter())
  }

  @Test func aTargetThatHangsLeavesHalfOfThePlaces() async throws {
    let gate = ConcurrencyGate(8)
    for _ in 0..<4 { #expect(await gate.enter("hanging")) }
    let fifth = Task { await gate.enter("hanging") }
    while gate.waitingCount == 0 { await Task.yield() }
    for _ in 0..<4 { #expect(await gate.enter("other")) }
    gate.leave("hanging")
    #expect(await fifth.value)
  }
}
