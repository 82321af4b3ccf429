import OnexCore
import OnexService
import OnexTestSupport
import Synchronization
import Testing

@testable import OnexKernel

/// One handler of a plug-in, run as the pipeline runs it.
struct PluginStage {
  let clock = VirtualClock()
  let log = RecordingLog()
  let operation: LoadedOperation
  private let runner: HandlerRunner

  /// - Throws: `HandlerLoadError` when the registry cannot make the handler.
  init(_ plugins: PluginDirectory, _ handlerClass: String) throws {
    let contract = HandlerContract(
      name: "test", handlerClass: try #require(HandlerClass(handlerClass)), kind: .compute,
      operations: .listed([OperationContract(try #require(Operation("test.answer")))]),
      settings: OperationSettings(timeout: .seconds(5)))
    let setup = HandlerSetup(
      contract: contract, clock: clock, ids: RandomIDSource(), logger: Logger(label: "test", sink: log))
    let handler = try HandlerRegistry(linked: [], plugins: plugins.modules).make(contract.handlerClass, setup)
    operation = LoadedOperation(contract: contract, label: "test", settings: contract.settings, handler: handler)
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(),
      clock: clock)
    runner = HandlerRunner(threads: HandlerThreads(count: 2), report: OperationReport(context, group: "test"), context: context)
  }

  /// - Throws: `ResponseError` when the request fails.
  func answer(_ payload: Bytes = "{}") async throws -> Bytes {
    guard case .listed(let operations) = operation.contract.operations else { preconditionFailure("a listed operation") }
    let envelope = Envelope(
      operation: operations[0].operation, payload: payload, envelopeID: EnvelopeID(RawUUID(random: 1, 2)),
      correlationID: CorrelationID(RawUUID(random: 3, 4)))
    let record = ConsumedRecord(
      source: TopicPartition("worker-requests", 0), offset: 0, key: nil, value: nil, timestamp: nil)
    let response = await runner.run(HandlerWork(record: record, envelope: envelope, operation: operation))
    guard let response else { throw ResponseError(.cancelled, "the run was dropped") }
    switch response.outcome {
    case .success(let payload): return payload
    case .failure(let error): throw error
    }
  }

  func error(_ payload: Bytes = "{}") async throws -> ResponseError {
    do {
      let answer = try await answer(payload)
      throw Program.Failed(description: "the handler answered \(answer)")
    } catch let error as ResponseError {
      return error
    }
  }

  /// A request that the plug-in does not answer in its time.
  func timedOut(_ counters: PluginCounters) async throws -> ResponseError {
    let starts = counters.starts
    let isOver = Flag()
    async let error = ended(isOver)
    await counters.until { $0.starts > starts }
    // Others sleep by this clock, too: it goes on until the request is answered.
    while !isOver.isSet {
      clock.advance(by: .milliseconds(500))
      await Task.yield()
    }
    return try await error
  }

  private func ended(_ isOver: Flag) async throws -> ResponseError {
    defer { isOver.set() }
    return try await error()
  }

  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }
}

/// Keeps log lines for the test to look at.
final class RecordingLog: LogSink {
  private let entries = Mutex<[String]>([])

  var messages: [String] { entries.withLock { $0 } }

  func write(_ entry: LogEntry) { entries.withLock { $0.append("\(entry.message)") } }
}
