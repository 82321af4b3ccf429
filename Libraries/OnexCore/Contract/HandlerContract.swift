/// What a `handler_contract.yaml` promises about one handler, validated.
public struct HandlerContract: Sendable {
  public let name: String
  public let handlerClass: HandlerClass
  public let kind: HandlerKind
  public let version: String?
  public let description: String?
  public let tags: [String]
  public let operations: HandledOperations
  /// For operations that say nothing of their own.
  public let settings: OperationSettings
  public var security: ContractSecurity
  public let eventBus: ContractEventBus
  /// Where in a reducer's payloads the key of the stream stands; `nil`: each correlation id has a stream of its own.
  public let streamKey: JSONPointer?
  /// What a declarative orchestrator does.
  public let workflow: WorkflowDefinition?
  /// The file it was read from.
  public let file: String

  public init(
    name: String, handlerClass: HandlerClass, kind: HandlerKind, version: String? = nil, description: String? = nil,
    tags: [String] = [], operations: HandledOperations, settings: OperationSettings = OperationSettings(),
    security: ContractSecurity = ContractSecurity(), eventBus: ContractEventBus = ContractEventBus(),
    streamKey: JSONPointer? = nil, workflow: WorkflowDefinition? = nil, file: String = ""
  ) {
    self.name = name
    self.handlerClass = handlerClass
    self.kind = kind
    self.version = version
    self.description = description
    self.tags = tags
    self.operations = operations
    self.settings = settings
    self.security = security
    self.eventBus = eventBus
    self.streamKey = streamKey
    self.workflow = workflow
    self.file = file
  }
}
