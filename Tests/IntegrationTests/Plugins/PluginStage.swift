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
  init(_ plugins: PluginDirectory, _ handlerClass: String, operation name: String = "test.answer") throws {
    let contract = HandlerContract(
      name: "test", handlerClass: try #require(HandlerClass(handlerClass)), kind: .compute,
      operations: .listed([OperationContract(try #require(Operation(name)))]),
      settings: OperationSettings(timeout: .seconds(5)))
    let setup = HandlerSetup(
      contract: contract, clock: clock, ids: RandomIDSource(), logger: Logger(label: "test", sink: log))
    let handler = try HandlerRegistry(linked: [], plugins: plugins.modules).make(contract.handlerClass, setup)
    operation = LoadedOperation(contract: contract, settings: contract.settings, handler: handler)
    let context = ServiceContext(
      name: "test", configuration: try Configuration.load([], from: EnvironmentVariables([:])), health: HealthState(),
      clock: clock)
    runner = HandlerRunner(threads: HandlerThreads(count: 2), context: context)
  }

  func answer(_ payload: Bytes = "{}", operation name: String = "test.answer") async throws -> ResponseEnvelope.Outcome {
    let envelope = Envelope(
      operation: try #require(Operation(name)), payload: payload, envelopeID: EnvelopeID(RawUUID(random: 1, 2)),
      correlationID: CorrelationID(RawUUID(random: 3, 4)))
    let record = ConsumedRecord(
      source: TopicPartition("worker-requests", 0), offset: 0, key: nil, value: nil, timestamp: nil)
    return await runner.run(HandlerWork(record: record, envelope: envelope, operation: operation)).outcome
  }

  func error(_ payload: Bytes = "{}") async throws -> ResponseError {
    guard case .failure(let error) = try await answer(payload) else {
      throw Program.Failed(description: "the handler succeeded")
    }
    return error
  }

  /// A request that the plug-in does not answer in its time.
  func timedOut() async throws -> ResponseError {
    async let error = error()
    await clock.waitForSleeper(dueWithin: .seconds(5))
    clock.advance(by: .seconds(5))
    return try await error
  }
}

/// Keeps log lines for the test to look at.
final class RecordingLog: LogSink {
  private let entries = Mutex<[String]>([])

  var messages: [String] { entries.withLock { $0 } }

  func write(_ entry: LogEntry) { entries.withLock { $0.append("\(entry.message)") } }
}
