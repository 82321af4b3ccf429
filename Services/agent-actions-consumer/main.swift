import OnexObservability
import OnexService

ServiceHost.main(AgentActionsConsumer.self)
