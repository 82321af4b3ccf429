import OnexCore
import OnexInMemory
import OnexKernel
import OnexService

/// `runtime-main`: routes requests to the role that does their kind of work, and gives out the answers.
public enum RuntimeMain {
  /// Becomes the service; never returns.
  ///
  /// - Parameters:
  ///   - reducers: reducers and orchestrators besides the runtime's own.
  ///   - embedded: handlers of every kind, for `ONEX_EVENT_BUS_TYPE=inmemory`, where this process hosts all roles.
  ///   - http: makes the client for those of them that reach outside.
  public static func run(
    reducers: [any Reducer.Type] = [], embedded: [any Handler.Type], http: @escaping @Sendable () -> any HTTPClient
  ) -> Never {
    ServiceHost.main(MainService.self) { MainService($0, reducers: reducers, embedded: embedded, http: http) }
  }

  /// The same on a store that is not what it should be: a test of the tests.
  ///
  /// - Parameter store: is given the database's.
  package static func run(store: @escaping @Sendable (any StreamStore) -> any StreamStore) -> Never {
    ServiceHost.main(MainService.self) {
      MainService($0, reducers: [], embedded: [], http: { preconditionFailure("no handler asks for it") }, store: store)
    }
  }
}

struct MainService: Service {
  static let name = "runtime-main"
  static let summary = "Routes requests by contract and gives out the answers."
  static let groups: [SettingGroup] = [.kafka, .runtimeDatabase]
  static let inputTopic = CommonSettings.inputTopic(default: Topics.requests)
  static let outputTopic = CommonSettings.outputTopic(default: Topics.responses)
  static let groupID = CommonSettings.groupID(default: "onex-runtime-main")
  static let settings: [any AnySetting] =
    [inputTopic, outputTopic, groupID, replySigningKeys] + RuntimeSettings.all + DurableInbox.settings + [lifecycle]
  static let healthPort = CommonSettings.healthPort(default: 8085, shared: "RUNTIME_MAIN_PORT")
  static let bootstrapFlag = ServiceFlag(
    "--bootstrap", help: "Check everything that a start needs, replay the journal, say READY and end.", isJob: true)
  static let flags = [bootstrapFlag, ContractsCheck.flag]
  static let replySigningKeys = Setting.optionalText(
    "ONEX_REPLY_SIGNING_KEYS", secret: true, allowed: "one or more keys of at least 32 bytes, separated by blanks",
    help: "Signs reply addresses, so that nobody else's record becomes a response. The first key signs, all are accepted.",
    check: { text in
      text.split(separator: " ").allSatisfy { $0.utf8.count >= ReplySigner.minKeyBytes } && !text.allSatisfy { $0 == " " }
    })
  static let lifecycle = Setting.choice(
    "ONEX_LIFECYCLE", of: ["service", "bootstrap"], default: "service", help: "bootstrap: as --bootstrap.")

  static func isJob(_ configuration: Configuration, flags: Set<String>) -> Bool {
    isJob(flags) || isBootstrap(configuration)
  }

  private static func isBootstrap(_ configuration: Configuration) -> Bool { configuration[lifecycle] == "bootstrap" }

  private let runner: RoleRunner
  /// Everything is checked, and nothing is served.
  private let check: BootstrapCheck?

  init(_ context: ServiceContext) {
    self.init(context, reducers: [], embedded: []) { preconditionFailure("no handler asks for it") }
  }

  init(
    _ context: ServiceContext, reducers: [any Reducer.Type], embedded: [any Handler.Type],
    http: @escaping @Sendable () -> any HTTPClient,
    store: @escaping @Sendable (any StreamStore) -> any StreamStore = { $0 }
  ) {
    let configuration = context.configuration
    var topics = RoutingTopics()
    topics.requests = configuration[MainService.inputTopic]
    topics.responses = configuration[MainService.outputTopic]
    let role = RouterRole(group: configuration[MainService.groupID], topics: topics, reducers: reducers)
    let isEmbedded = configuration[CommonSettings.eventBusType] == "inmemory"
    let inbox = isEmbedded ? nil : DurableInbox(context)
    let isCheck =
      context.flags.contains(MainService.bootstrapFlag.name) || MainService.isBootstrap(configuration)
    check = isCheck ? BootstrapCheck(context, inbox: inbox, reducers: role.reducers) : nil
    let replay = inbox.map { StateReplay(context, $0.journal, reducers: role.reducers) }
    let keys = (configuration[MainService.replySigningKeys] ?? "").split(separator: " ").map(String.init)
    let reducers = role.reducers
    runner = RoleRunner(
      context, inbox: inbox, replay: replay,
      handlers: { contracts, _ in ReducerTable(contracts: contracts.catalogue.contracts, types: reducers).failures },
      pipelines: { bus, contracts, options in
        var options = options
        options.replySigningKeys = keys
        if let inbox {
          return [try role.pipeline(bus, contracts, store(inbox.store), options, inbox.context)]
        }
        return try EmbeddedRoles(router: role, handlers: embedded, http: http())
          .pipelines(bus, contracts, InMemoryStore(clock: context.clock), options, context)
      })
  }

  func bootstrap() async throws {
    if let check { try await check.run() } else { try await runner.bootstrap() }
  }

  func run() async throws {
    if check == nil { try await runner.run() }
  }
}
