import OnexCore
import OnexInMemory
import OnexKernel
import OnexService

/// `runtime-effects`: handlers of kind `effect`, all external I/O.
public enum RuntimeEffects {
  /// Becomes the service; never returns.
  ///
  /// - Parameter http: makes the client that handlers reach outside with.
  public static func run(handlers: [any Handler.Type], http: @escaping @Sendable () -> any HTTPClient) -> Never {
    ServiceHost.main(EffectsService.self) { EffectsService($0, handlers: handlers, http: http()) }
  }
}

struct EffectsService: Service {
  static let name = "runtime-effects"
  static let summary = "Runs effect handlers: everything that reaches outside."
  static let groups: [SettingGroup] = [.kafka, .runtimeDatabase]
  static let inputTopic = CommonSettings.inputTopic(default: Topics.effectRequests)
  static let outputTopic = CommonSettings.outputTopic(default: Topics.effectResponses)
  static let groupID = CommonSettings.groupID(default: "onex-runtime-effects")
  static let settings: [any AnySetting] = [inputTopic, outputTopic, groupID] + RuntimeSettings.all + DurableInbox.settings
  static let healthPort = CommonSettings.healthPort(default: 8086, shared: "RUNTIME_EFFECTS_PORT")

  static let flags = [ContractsCheck.flag]

  private let runner: RoleRunner

  init(_ context: ServiceContext) { self.init(context, handlers: [], http: nil) }

  init(_ context: ServiceContext, handlers: [any Handler.Type], http: (any HTTPClient)?) {
    let configuration = context.configuration
    let role = HandlerRole(
      kind: .effect, input: configuration[EffectsService.inputTopic], output: configuration[EffectsService.outputTopic],
      group: configuration[EffectsService.groupID], http: http, handlers: handlers)
    let isEmbedded = configuration[CommonSettings.eventBusType] == "inmemory"
    let inbox = isEmbedded ? nil : DurableInbox(context)
    runner = RoleRunner(
      context, inbox: inbox, handlers: { role.table($0, $1, context).failures },
      pipelines: { bus, contracts, options in
        [try role.pipeline(bus, contracts, inbox?.store ?? InMemoryStore(), options, inbox?.context ?? context)]
      })
  }

  func bootstrap() async throws { try await runner.bootstrap() }

  func run() async throws { try await runner.run() }
}
