import OnexCore
import OnexJSON

/// A contract as a plug-in gets it: a JSON object with the members of `handler_contract.yaml`, defaults filled in. Schemas are
/// left out: the runtime checks them.
enum PluginContract {
  static func json(_ contract: HandlerContract) -> Bytes {
    var object = JSONObject([
      ("handler_name", .string(contract.name)), ("handler_class", .string(contract.handlerClass.description)),
      ("handler_type", .string(contract.kind.rawValue)),
    ])
    object["contract_version"] = contract.version.map { .string($0) }
    object["description"] = contract.description.map { .string($0) }
    object.append("tags", list(contract.tags))
    switch contract.operations {
    case .listed(let operations):
      object.append(
        "operations",
        .array(
          operations.map { .object(JSONObject([("name", .string($0.operation.name))] + settings($0.settings))) }))
    case .prefix(let prefix): object.append("operation_prefix", .string(prefix))
    }
    for (name, value) in settings(contract.settings) { object.append(name, value) }
    object.append("security", security(contract.security))
    object.append(
      "event_bus",
      [
        "subscribe_topics": list(contract.eventBus.subscribeTopics.map(\.description)),
        "publish_topics": list(contract.eventBus.publishTopics.map(\.description)),
      ])
    return JSONValue.object(object).encoded()
  }

  private static func settings(_ settings: OperationSettings) -> [(String, JSONValue)] {
    [
      ("timeout_ms", .integer(settings.timeout.microseconds / 1000)),
      ("max_concurrency", .integer(settings.maxConcurrency)), ("delivery", .string(settings.delivery.rawValue)),
      ("retry", ["max_attempts": .integer(settings.retry.attemptsMax)]),
    ]
  }

  private static func security(_ security: ContractSecurity) -> JSONValue {
    var object = JSONObject()
    object["trusted_namespace"] = security.trustedNamespace.map { .string($0) }
    object.append("audit_logging", .boolean(security.auditLogging))
    object.append("requires_authentication", .boolean(security.requiresAuthentication))
    object.append("allowed_hosts", list(security.allowedHosts))
    object.append("allowed_paths", list(security.allowedPaths))
    return .object(object)
  }

  private static func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
