import OnexCore
import OnexKernel
import OnexService

/// `runtime-worker`: handlers of kind `compute`, no database, any number of replicas.
///
///     RuntimeWorker.run(handlers: [Greet.self])
public enum RuntimeWorker {
  /// Becomes the service; never returns.
  public static func run(handlers: [any Handler.Type]) -> Never {
    ServiceHost.main(WorkerService.self) { WorkerService($0, handlers: handlers) }
  }
}

struct WorkerService: Service {
  static let name = "runtime-worker"
  static let summary = "Runs compute handlers: pure work, no database. Start as many as there are partitions."
  static let groups: [SettingGroup] = [.kafka]
  static let inputTopic = CommonSettings.inputTopic(default: Topics.workerRequests)
  static let outputTopic = CommonSettings.outputTopic(default: Topics.workerResponses)
  static let groupID = CommonSettings.groupID(default: "onex-runtime-workers")
  static let settings: [any AnySetting] = [inputTopic, outputTopic, groupID] + RuntimeSettings.all
  static let healthPort = CommonSettings.healthPort(default: 8085)

  static let flags = [ContractsCheck.flag]

  private let runner: RoleRunner

  init(_ context: ServiceContext) { self.init(context, handlers: []) }

  init(_ context: ServiceContext, handlers: [any Handler.Type]) {
    let configuration = context.configuration
    let role = HandlerRole(
      kind: .compute, input: configuration[WorkerService.inputTopic], output: configuration[WorkerService.outputTopic],
      group: configuration[WorkerService.groupID], http: nil, handlers: handlers)
    runner = RoleRunner(
      context, handlers: { role.table($0, $1, context).failures },
      pipelines: { bus, contracts, options in [try role.pipeline(bus, contracts, StatelessStore(), options, context)] })
  }

  func bootstrap() async throws { try await runner.bootstrap() }

  func run() async throws { try await runner.run() }
}
