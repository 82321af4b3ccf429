import OnexService
import OnexTopics

ServiceHost.main(TopicManager.self)
