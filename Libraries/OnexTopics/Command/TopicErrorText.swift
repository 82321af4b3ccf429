import OnexCore

/// What the person at the terminal is told about an error of the broker, and what to do about it.
enum TopicErrorText {
  static func of(_ error: EventBusError) -> String {
    advice(error).map { "\(error); \($0)" } ?? error.description
  }

  private static func advice(_ error: EventBusError) -> String? {
    switch error.code {
    case .unreachable: "is KAFKA_BOOTSTRAP_SERVERS right, and does the broker run?"
    case .timedOut: "the broker is busy or far away: try again, or say a longer --timeout"
    case .authentication: "check KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM and the user's name and password"
    case .authorization:
      "the user needs CREATE, ALTER, ALTER_CONFIGS, DESCRIBE and DESCRIBE_CONFIGS on topics, and DESCRIBE_CONFIGS on the cluster"
    default: nil
    }
  }
}
