import OnexCore
import OnexJSON
import OnexKernel
import OnexService

/// The role that takes clients' requests, passes each to the role that does its kind of work, and gives out the answers.
struct RouterRole: Sendable {
  let group: String
  let topics: RoutingTopics

  func pipeline(
    _ bus: any EventBus, _ contracts: LoadedContracts, _ store: any Store, _ options: RoleOptions, _ context: ServiceContext
  ) throws -> Pipeline {
    let (limits, group, topics, clock) = (options.envelope, group, topics, context.clock)
    let router = contracts.catalogue.router
    let inputs = [topics.requests, topics.effectResponses, topics.workerResponses]
    return Pipeline(
      Pipeline.Parts(
        consumer: try bus.consumer(Subscription(topics: inputs, group: group, instance: options.groupInstance)),
        producer: try bus.producer(), store: store,
        group: group, limits: options.pipeline, outputBytesMax: options.outputBytesMax, responseTopic: topics.responses,
        runner: HandlerRunner(threads: HandlerThreads(count: 1), context: context), context: context,
        decider: { RoutingDecider(router: router, limits: limits, clock: clock, group: group, topics: topics) }))
  }
}
