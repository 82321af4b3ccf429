import Glibc
import OnexCore
import OnexJSON
import OnexKernel
import OnexService

/// A role that runs handlers of one kind: takes their requests from one topic and writes the answers to another.
package struct HandlerRole: Sendable {
  package let kind: HandlerKind
  package let input: String
  package let output: String
  package let group: String
  /// Its own http client where handlers may reach outside.
  package let http: (any HTTPClient)?
  package let handlers: [any Handler.Type]

  package init(
    kind: HandlerKind, input: String, output: String, group: String, http: (any HTTPClient)?, handlers: [any Handler.Type]
  ) {
    self.kind = kind
    self.input = input
    self.output = output
    self.group = group
    self.http = http
    self.handlers = handlers
  }

  /// Makes the handlers.
  func table(_ contracts: LoadedContracts, _ options: RoleOptions, _ context: ServiceContext) -> HandlerTable {
    let registry = HandlerRegistry(linked: handlers, plugins: contracts.plugins)
    return HandlerTable(contracts: contracts.catalogue.contracts, kinds: [kind], registry: registry) { contract in
      var contract = contract
      contract.security = contract.security.resolved(hosts: options.allowedHosts, folder: options.dataDirectory)
      return HandlerSetup(
        contract: contract, clock: context.clock, ids: context.ids,
        logger: context.logger.with(["handler": .string(contract.name)]), http: http)
    }
  }

  /// Makes the handlers and the pipeline that feeds them.
  package func pipeline(
    _ bus: any EventBus, _ contracts: LoadedContracts, _ store: any Store, _ options: RoleOptions, _ context: ServiceContext
  ) throws -> Pipeline {
    // For its owner and group; without effect where it exists or its parent does not.
    if kind == .effect, let folder = options.dataDirectory { mkdir(folder, 0o750) }
    let table = table(contracts, options, context)
    contracts.report(table, to: context)
    let (limits, group, output, clock) = (options.envelope, group, output, context.clock)
    let report = OperationReport(context, group: group)
    let (remembers, clusterID) = (!store.isStateless, options.clusterID)
    return Pipeline(
      Pipeline.Parts(
        consumer: try bus.consumer(Subscription(topics: [input], group: group, instance: options.groupInstance)),
        producer: try bus.producer(), store: store,
        group: group, limits: options.pipeline, outputBytesMax: options.outputBytesMax, responseTopic: output,
        runner: HandlerRunner(
          threads: options.makeHandlerThreads(count: options.handlerThreads), report: report, context: context),
        context: context, clusterID: clusterID,
        decider: {
          HandlerDecider(
            table: table, limits: limits, clock: clock, group: group, responseTopic: output, remembers: remembers,
            report: report, clusterID: clusterID)
        }))
  }
}
