/// The names of the topics that the runtime itself reads and writes (WIRE "Topics").
public enum Topics {
  public static let requests = "requests"
  public static let responses = "responses"
  public static let effectRequests = "effect-requests"
  public static let effectResponses = "effect-responses"
  public static let workerRequests = "worker-requests"
  public static let workerResponses = "worker-responses"
  public static let agentActions = "agent-actions"

  /// What topic-manager has changed, keyed by the topic.
  public static let topicChanged = "onex.evt.platform.topic-changed.v1"

  public static func deadLetters(of topic: String) -> String { topic + ".dlq" }
}
