import OnexCore

/// What the records of a topic are; each is one of the document's messages, named by its raw value.
enum MessageKind: String, CaseIterable {
  case request, response, deadLetter
  /// What agents report.
  case agentEvent, agentCloudEvent
  /// Anything else.
  case event, cloudEvent

  private static let requests: Set<String> = [Topics.requests, Topics.effectRequests, Topics.workerRequests]
  private static let responses: Set<String> = [Topics.responses, Topics.effectResponses, Topics.workerResponses]

  init(of topic: TopicDeclaration, in catalogue: TopicCatalogue) {
    let name = topic.name.description
    if catalogue.original(ofTwin: topic) != nil {
      self = .deadLetter
    } else if MessageKind.requests.contains(name) {
      self = .request
    } else if MessageKind.responses.contains(name) {
      self = .response
    } else if topic.owner == ServiceTopics.agentActionsConsumer {
      self = topic.hasCloudEvents ? .agentCloudEvent : .agentEvent
    } else {
      self = topic.hasCloudEvents ? .cloudEvent : .event
    }
  }

  var value: JSONValue {
    var message = JSONObject([
      ("title", .string(title)), ("summary", .string(summary)), ("contentType", "application/json"),
      ("headers", AsyncAPIDocument.reference("components", "schemas", headers)), ("payload", payload),
    ])
    // A dead letter is what it was, which need not be JSON.
    if self == .deadLetter { message["contentType"] = "application/octet-stream" }
    message.append(
      "bindings",
      ["kafka": ["key": ["type": "string", "description": .string(key)], "bindingVersion": AsyncAPIDocument.bindingVersion]])
    if self == .request { message.append("examples", [["name": "minimal", "payload": EnvelopeSchemas.minimalRequest]]) }
    return .object(message)
  }

  private var title: String {
    switch self {
    case .request: "Request"
    case .response: "Response"
    case .deadLetter: "Dead letter"
    case .agentEvent, .agentCloudEvent: "Agent event"
    case .event, .cloudEvent: "Event"
    }
  }

  private var summary: String {
    switch self {
    case .request: "Asks a handler for one operation."
    case .response: "The answer to a request, with the same correlation_id."
    case .deadLetter: "A record that could not be processed, its key, value and headers untouched, and the cause in headers."
    case .agentEvent, .agentCloudEvent: "What an agent reports; a row of a table."
    case .event, .cloudEvent: "Something that happened, was asked for or is intended, as the topic's name says."
    }
  }

  private var headers: String {
    switch self {
    case .request, .response, .agentEvent, .event: "recordHeaders"
    case .agentCloudEvent, .cloudEvent: "cloudEventHeaders"
    case .deadLetter: "deadLetterHeaders"
    }
  }

  private var payload: JSONValue {
    switch self {
    case .request: AsyncAPIDocument.reference("components", "schemas", "request")
    case .response: AsyncAPIDocument.reference("components", "schemas", "response")
    case .deadLetter: ["description": "The value as it was written; it need not be JSON."]
    case .agentEvent, .agentCloudEvent:
      ["type": "object", "description": "The fields and what each allows: docs/reference/observability.md."]
    case .event, .cloudEvent: ["type": "object"]
    }
  }

  private var key: String {
    switch self {
    case .request, .response: "The request's own key; correlation_id when it has none."
    case .deadLetter: "The original's key."
    case .agentEvent, .agentCloudEvent, .event, .cloudEvent: "What must stay in order; node events: node_id."
    }
  }
}
