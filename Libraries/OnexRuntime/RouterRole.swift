import OnexCore
import OnexJSON
import OnexKernel
import OnexService
import OnexWorkflow

/// The role that takes clients' requests, passes each to the role that does its kind of work, and gives out the answers.
package struct RouterRole: Sendable {
  let group: String
  let topics: RoutingTopics
  /// Linked into this executable, besides the runtime's own.
  package let reducers: [any Reducer.Type]

  package init(group: String, topics: RoutingTopics, reducers: [any Reducer.Type] = []) {
    self.group = group
    self.topics = topics
    self.reducers = [Workflow.self] + reducers
  }

  package func pipeline(
    _ bus: any EventBus, _ contracts: LoadedContracts, _ store: any StreamStore, _ options: RoleOptions, _ context: ServiceContext
  ) throws -> Pipeline {
    let (limits, group, topics, clock) = (options.envelope, group, topics, context.clock)
    let clusterID = options.clusterID
    let signer = ReplySigner(keys: options.replySigningKeys)
    let operations = contracts.catalogue.router
    let table = ReducerTable(contracts: contracts.catalogue.contracts, types: reducers)
    contracts.report(table, to: context)
    let streams = StreamRouter(operations: operations, reducers: table, topics: topics, signer: signer)
    let inputs = [topics.requests, topics.effectResponses, topics.workerResponses]
    return Pipeline(
      Pipeline.Parts(
        consumer: try bus.consumer(Subscription(topics: inputs, group: group, instance: options.groupInstance)),
        producer: try bus.producer(), store: store,
        streams: Pipeline.Streams(store: store, router: streams),
        group: group, limits: options.pipeline, outputBytesMax: options.outputBytesMax, responseTopic: topics.responses,
        runner: HandlerRunner(
          threads: options.makeHandlerThreads(count: 1), report: OperationReport(context, group: group), context: context),
        context: context,
        clusterID: clusterID,
        decider: {
          RoutingDecider(
            operations: operations, streams: streams, limits: limits, clock: clock, group: group, topics: topics, signer: signer,
            clusterID: clusterID)
        }))
  }
}
