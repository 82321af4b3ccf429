import OnexCore

/// The schemas of what handlers take and give, from their contracts, and which operations they are for.
struct OperationSchemas {
  /// One operation, or all of a prefix.
  struct Entry {
    /// Matches the envelope's `operation`.
    let condition: JSONValue
    /// Names of components.
    let input: String?
    let output: String?
  }

  /// By operation.
  private(set) var entries: [Entry] = []
  private(set) var components: [(String, JSONValue)] = []

  init(_ handlers: [HandlerContract]) {
    for handler in handlers {
      let input = add(handler.name + ".input", handler.settings.inputSchema)
      let output = add(handler.name + ".output", handler.settings.outputSchema)
      switch handler.operations {
      case .prefix(let prefix):
        entries.append(Entry(condition: ["pattern": .string("^\(prefix)\\.")], input: input, output: output))
      case .listed(let operations):
        for operation in operations.sorted(by: { $0.operation.name < $1.operation.name }) {
          let name = operation.operation.name
          // What an operation says of its own stands beside its handler's; what it inherits is its handler's.
          let own = operation.settings
          let isInherited = (
            input: own.inputSchema?.document == handler.settings.inputSchema?.document,
            output: own.outputSchema?.document == handler.settings.outputSchema?.document
          )
          entries.append(
            Entry(
              condition: ["const": .string(name)],
              input: isInherited.input ? input : add(name + ".input", own.inputSchema),
              output: isInherited.output ? output : add(name + ".output", own.outputSchema)))
        }
      }
    }
    let used = Set(entries.flatMap { [$0.input, $0.output] })
    components.removeAll { !used.contains($0.0) }
  }

  private mutating func add(_ name: String, _ schema: JSONSchema?) -> String? {
    guard let schema else { return nil }
    components.append((name, EmbeddedSchema.value(schema, component: name)))
    return name
  }
}
