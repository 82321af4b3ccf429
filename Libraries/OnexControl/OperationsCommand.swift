import OnexCommandLine
import OnexCore
import OnexJSON
import OnexKernel

/// `onexctl operations`
enum OperationsCommand: ControlCommand {
  static let name = "operations"
  static let summary = "List what can be requested; with a name, its schema and an example: onexctl operations [name]"
  static let grammar = ArgumentSet.Grammar(options: [("--contracts", "DIR")], flags: ["--json"], positionals: ["[name]"])
  static let details = """
    Contracts come from --contracts, ONEX_CONTRACTS_DIR or ./contracts. What a running stack answers depends on its own contracts.
    Exit codes: 0 success, 64 no such operation, 65 no contract is valid.
    Example: onexctl operations aggregate.mean
    """

  static func run(_ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit {
    let directory = arguments.values["--contracts"] ?? context.contractsDirectory
    let catalogue = ContractDirectory.load(directory)
    for problem in catalogue.problems { context.terminal.printError(problem.description) }
    let operations = OfferedOperation.all(of: catalogue)
    guard !operations.isEmpty else { return .invalidData }
    guard let name = arguments.positionals.first else {
      context.terminal.print(arguments.has("--json") ? JSONValue.array(operations.map(\.json)).encoded().text : table(operations))
      return .success
    }
    guard let found = operations.first(where: { $0.name == name }) else {
      let hint = NearestName.suggestion(for: name, among: operations.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
      throw ArgumentSet.Misuse(message: "no contract in \(directory) answers the operation \"\(name)\"\(hint)")
    }
    context.terminal.print(arguments.has("--json") ? found.json.encoded().text : text(found))
    return .success
  }

  private static func table(_ operations: [OfferedOperation]) -> String {
    var table = TextTable(["OPERATION", "KIND", "WHAT IT DOES"])
    for operation in operations { table.add([operation.name, operation.kind, operation.description]) }
    return String(table.text.dropLast())
  }

  private static func text(_ operation: OfferedOperation) -> String {
    var lines = ["\(operation.name)  \(operation.kind), \(operation.contract.file)"]
    if !operation.description.isEmpty { lines.append(operation.description) }
    lines.append("input   \(operation.input?.encoded().text ?? "any JSON object")")
    lines.append("output  \(operation.output?.encoded().text ?? "any JSON object")")
    if let example = operation.example {
      let payload = example.encoded().text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#)
      lines.append("onexctl request \(operation.name) '\(payload)'")
    }
    return lines.joined(separator: "\n")
  }
}

/// An operation of the contracts, as its requesters see it.
struct OfferedOperation {
  let name: String
  let contract: HandlerContract
  let description: String
  let input: JSONValue?
  let output: JSONValue?
  /// A payload that the input schema accepts; `nil` where none can be made up.
  let example: JSONValue?

  var kind: String { contract.kind.rawValue }

  /// Ordered by name; a prefix stands as `prefix.*`.
  static func all(of catalogue: ContractCatalogue) -> [OfferedOperation] {
    catalogue.router.routes.map { name, route in
      OfferedOperation(name: name, route)
    }
  }

  private init(name: String, _ route: OperationRoute) {
    self.name = name
    contract = route.contract
    let settings = route.settings
    description = OfferedOperation.own(name, route.contract)?.description ?? route.contract.description ?? ""
    input = settings.inputSchema?.document
    output = settings.outputSchema?.document
    switch settings.inputSchema {
    // Nothing stands for the names behind a prefix.
    case _ where name.hasSuffix(".*"): example = Optional.none
    case let schema?: example = SchemaExample.payload(for: schema)
    case nil: example = .some(.object(JSONObject()))
    }
  }

  private static func own(_ name: String, _ contract: HandlerContract) -> OperationContract? {
    guard case .listed(let operations) = contract.operations else { return nil }
    return operations.first { $0.operation.name == name }
  }

  var json: JSONValue {
    .object(
      JSONObject([
        ("operation", .string(name)), ("kind", .string(kind)), ("handler", .string(contract.name)),
        ("file", .string(contract.file)), ("description", .string(description)), ("input_schema", input ?? .null),
        ("output_schema", output ?? .null), ("example", example ?? .null),
      ]))
  }
}

/// Makes up a document for a schema: its own examples and defaults where it has any, else the least that is required.
enum SchemaExample {
  private static let depthMax = 16

  /// - Returns: `nil` when what was made up is not valid, as with patterns and conditions.
  static func payload(for schema: JSONSchema) -> JSONValue? {
    let value = value(of: schema.document, schema, depth: 0)
    return schema.validate(value).isEmpty ? value : Optional.none
  }

  private static func value(of node: JSONValue, _ schema: JSONSchema, depth: Int) -> JSONValue {
    guard depth < depthMax, node.object != nil else { return .object(JSONObject()) }
    if let given = node["examples"]?.array?.first ?? node["default"] ?? node["const"] ?? node["enum"]?.array?.first {
      return given
    }
    if let reference = node["$ref"]?.string, reference.hasPrefix("#"),
      let pointer = JSONPointer(String(reference.dropFirst())), let target = pointer.resolve(in: schema.document)
    {
      return value(of: target, schema, depth: depth + 1)
    }
    if let choice = (node["oneOf"] ?? node["anyOf"] ?? node["allOf"])?.array?.first, node["type"] == nil {
      return value(of: choice, schema, depth: depth + 1)
    }
    switch node["type"]?.string ?? node["type"]?.array?.first?.string {
    case "string": return string(node)
    case "integer", "number": return node["minimum"] ?? .integer(1)
    case "boolean": return .boolean(true)
    case "null": return .null
    case "array":
      let count = max(1, min(node["minItems"]?.integer ?? 1, 8))
      let item = node["items"].map { value(of: $0, schema, depth: depth + 1) } ?? .integer(1)
      return .array(Array(repeating: item, count: Int(count)))
    default: return object(node, schema, depth)
    }
  }

  private static func object(_ node: JSONValue, _ schema: JSONSchema, _ depth: Int) -> JSONValue {
    let required = node["required"]?.array?.compactMap(\.string) ?? []
    return .object(
      JSONObject(
        required.map { name in (name, node["properties"]?[name].map { value(of: $0, schema, depth: depth + 1) } ?? .integer(1)) })
    )
  }

  private static func string(_ node: JSONValue) -> JSONValue {
    switch node["format"]?.string {
    case "uri", "iri": .string("https://example.com/")
    case "date-time": .string("2026-01-31T12:00:00Z")
    case "date": .string("2026-01-31")
    case "uuid": .string("00000000-0000-4000-8000-000000000001")
    case "email": .string("somebody@example.com")
    default: .string(String(repeating: "x", count: Int(max(4, min(node["minLength"]?.integer ?? 4, 256)))))
    }
  }
}
