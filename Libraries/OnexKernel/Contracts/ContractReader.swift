import OnexCore
import OnexYAML

/// Reads one contract. Every problem of the file is found in one go; only a file that is no YAML ends early.
struct ContractReader {
  private static let fields = [
    "handler_name", "name", "handler_class", "handler_type", "contract_version", "description", "tags", "operations",
    "security", "event_bus", "workflow", "stream_key",
  ]
  /// What runs a declarative orchestrator.
  private static let workflowClass = HandlerClass("OnexWorkflow.Workflow")
  /// May stand at the contract and at each operation, which then wins.
  private static let settingFields = [
    "input_schema", "output_schema", "timeout_ms", "retry", "circuit_breaker", "max_concurrency", "delivery",
  ]

  let schemas: SchemaFiles
  /// Namespaces that the host trusts; `nil` trusts all.
  let trustedNamespaces: [String]?

  func read(_ text: Bytes, file: String) -> ContractReading {
    let folder = file.split(separator: "/").dropLast().last.map(String.init) ?? file
    do {
      let node = try YAML.parse(text, file: file)
      let problems = FieldProblems(file: file)
      guard let reader = MappingReader(node, fields: ContractReader.fields + ContractReader.settingFields, problems) else {
        return ContractReading(name: folder, file: file, problems: problems.all.map { ContractProblem($0) })
      }
      return read(reader, file: file, folder: folder)
    } catch {
      return ContractReading(name: folder, file: file, problems: error.problems.map { ContractProblem($0) })
    }
  }

  private func read(_ reader: MappingReader, file: String, folder: String) -> ContractReading {
    var settings = SettingsReader(schemas: schemas, file: file)
    let name = handlerName(reader)
    let workflow = WorkflowReader(file: file, problems: reader.problems).read(reader)
    let handlerClass = handlerClass(reader)
    let kind = reader.choice("handler_type", of: HandlerKind.self, required: true)
    let version = reader.text("contract_version")?.value
    let description = reader.text("description", bytesMax: 10_000)?.value
    let tags = reader.texts("tags")?.map(\.value) ?? []
    let shared = settings.read(reader, over: OperationSettings())
    let operations = operations(reader, shared, &settings, handlerName: name)
    let security = ContractSections.security(reader)
    let eventBus = ContractSections.eventBus(reader)
    let streamKey = ContractSections.streamKey(reader)
    checkKind(kind, settings: shared, reader)
    var problems = reader.problems.all.map { ContractProblem($0) } + settings.schemaProblems
    // The class that a workflow implies is the runtime's own.
    problems += namespaceProblems(reader.has("handler_class") ? handlerClass : nil, security, reader, file: file)
    problems += operations.duplicates
    problems.sort { ($0.line, $0.column) < ($1.line, $1.column) }
    var reading = ContractReading(name: name?.value ?? folder, file: file, problems: problems)
    reading.namePosition = name?.position ?? .start
    reading.operationPositions = operations.positions
    reading.calls = workflow?.calls ?? []
    guard problems.isEmpty, let name, let handlerClass, let kind, let handled = operations.handled else { return reading }
    reading.contract = HandlerContract(
      name: name.value, handlerClass: handlerClass.value, kind: kind, version: version, description: description,
      tags: tags, operations: handled, settings: shared, security: security, eventBus: eventBus,
      streamKey: streamKey, workflow: workflow?.definition, file: file)
    return reading
  }

  private func handlerName(_ reader: MappingReader) -> Located<String>? {
    let long = reader.text("handler_name", bytesMax: 128)
    let short = reader.text("name", bytesMax: 128)
    if let long, let short, long.value != short.value {
      reader.problems.add(.invalidField, at: short.position, "name and handler_name mean the same and differ; leave one out")
    }
    guard let name = long ?? short else {
      if !reader.has("handler_name"), !reader.has("name") { reader.missing("handler_name") }
      return nil
    }
    guard ContractReader.isHandlerName(name.value) else {
      reader.problems.add(
        .invalidField, at: name.position,
        "handler_name must begin with a lower-case letter, followed by lower-case letters, digits, _ and -")
      return nil
    }
    return name
  }

  private static func isHandlerName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (97...122).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 97...122, 48...57, 95, 45: true
      default: false
      }
    }
  }

  /// Sections that mean nothing for this kind of handler, and promises that exclude each other.
  private func checkKind(_ kind: HandlerKind?, settings: OperationSettings, _ reader: MappingReader) {
    func refuse(_ field: String, _ why: String) {
      if let node = reader.node(field) { reader.invalid(node, why) }
    }
    if let kind, kind != .orchestrator {
      refuse("workflow", "workflow belongs to handler_type orchestrator, not \(kind.rawValue)")
    }
    if let kind, kind != .reducer { refuse("stream_key", "stream_key belongs to handler_type reducer, not \(kind.rawValue)") }
    if settings.delivery == .atMostOnce, settings.retry.attemptsMax > 1 {
      refuse("delivery", "delivery: at_most_once allows one attempt, and retry.max_attempts is \(settings.retry.attemptsMax)")
    }
    if let kind, kind != .effect, settings.delivery == .atMostOnce {
      refuse("delivery", "delivery: at_most_once belongs to handler_type effect: other work may run again without harm")
    }
  }

  private func handlerClass(_ reader: MappingReader) -> Located<HandlerClass>? {
    if !reader.has("handler_class"), let node = reader.node("workflow"), let known = ContractReader.workflowClass {
      return Located(known, at: node.position)
    }
    guard let text = reader.text("handler_class", required: true) else { return nil }
    guard let handlerClass = HandlerClass(text.value) else {
      reader.problems.add(.invalidField, at: text.position, "handler_class must be \(HandlerClass.rule)")
      return nil
    }
    return Located(handlerClass, at: text.position)
  }

  private func namespaceProblems(
    _ handlerClass: Located<HandlerClass>?, _ security: ContractSecurity, _ reader: MappingReader, file: String
  ) -> [ContractProblem] {
    guard let handlerClass else { return [] }
    let type = handlerClass.value
    var messages: [String] = []
    if let namespace = security.trustedNamespace, !type.isInside(namespace: namespace) {
      messages.append("\(type) lies outside security.trusted_namespace \(namespace)")
    }
    if let trusted = trustedNamespaces, !trusted.contains(where: { type.isInside(namespace: $0) }) {
      messages.append("\(type) lies outside the namespaces that this process trusts: \(trusted.joined(separator: ", "))")
    }
    return messages.map { ContractProblem(.namespaceNotTrusted, file: file, at: handlerClass.position, $0) }
  }

  private struct Operations {
    var handled: HandledOperations?
    var positions: [Operation: YAMLPosition] = [:]
    var duplicates: [ContractProblem] = []
  }

  private func operations(
    _ reader: MappingReader, _ shared: OperationSettings, _ settings: inout SettingsReader, handlerName: Located<String>?
  ) -> Operations {
    var operations = Operations()
    guard reader.has("operations") else {
      operations.handled = registeredPrefix(handlerName, reader).map { .prefix($0) }
      return operations
    }
    guard let elements = reader.list("operations") else { return operations }
    if elements.isEmpty, let node = reader.node("operations") {
      reader.invalid(node, "operations lists nothing; name at least one, or leave the field out to answer a whole prefix")
    }
    var listed: [OperationContract] = []
    for (index, element) in elements.enumerated() {
      guard let entry = operation(element, index, reader.problems, shared, &settings) else { continue }
      if let first = operations.positions[entry.value.operation] {
        operations.duplicates.append(
          ContractProblem(
            .duplicateOperation, file: reader.problems.file, at: entry.position,
            "the operation \(entry.value.operation) is already listed at \(first)"))
        continue
      }
      operations.positions[entry.value.operation] = entry.position
      listed.append(entry.value)
    }
    operations.handled = .listed(listed)
    return operations
  }

  private func operation(
    _ node: YAMLNode, _ index: Int, _ problems: FieldProblems, _ shared: OperationSettings, _ settings: inout SettingsReader
  ) -> Located<OperationContract>? {
    let path = "operations[\(index)]"
    guard node.mapping != nil else {
      guard let operation = parse(node.text, node, path, problems) else { return nil }
      return Located(OperationContract(operation, settings: shared), at: node.position)
    }
    let fields = ["name", "description"] + ContractReader.settingFields
    guard let reader = MappingReader(node, path, fields: fields, problems) else { return nil }
    let name = reader.text("name", required: true)
    let description = reader.text("description", bytesMax: 10_000)?.value
    let own = settings.read(reader, over: shared)
    guard let name, let node = reader.node("name"), let operation = parse(name.value, node, path + ".name", problems) else {
      return nil
    }
    return Located(OperationContract(operation, description: description, settings: own), at: name.position)
  }

  private func parse(_ text: String?, _ node: YAMLNode, _ path: String, _ problems: FieldProblems) -> Operation? {
    guard let operation = text.flatMap({ Operation($0) }) else {
      problems.add(.invalidField, at: node.position, "\(path) must be an operation (\(Operation.rule)), not \(node.typeName)")
      return nil
    }
    return operation
  }

  private func registeredPrefix(_ name: Located<String>?, _ reader: MappingReader) -> String? {
    guard let name else { return nil }
    let prefix = HandledOperations.registeredPrefix(ofHandler: name.value)
    guard Operation.isValidPrefix(prefix) else {
      reader.problems.add(
        .missingField, at: reader.position,
        "operations is required: the prefix \"\(prefix)\", made from handler_name, cannot begin an operation")
      return nil
    }
    return prefix
  }
}
