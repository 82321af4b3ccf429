import OnexCore
import OnexYAML

/// Reads how operations are run: the same fields at a contract and at each of its operations.
struct SettingsReader {
  private static let millisecondsMax = 3_600_000

  let schemas: SchemaFiles
  let file: String
  /// Problems with schemas, which may stand in other files.
  private(set) var schemaProblems: [ContractProblem] = []

  init(schemas: SchemaFiles, file: String) {
    self.schemas = schemas
    self.file = file
  }

  mutating func read(_ reader: MappingReader, over defaults: OperationSettings) -> OperationSettings {
    OperationSettings(
      inputSchema: schema("input_schema", reader) ?? defaults.inputSchema,
      outputSchema: schema("output_schema", reader) ?? defaults.outputSchema,
      timeout: SettingsReader.milliseconds("timeout_ms", reader, min: 1) ?? defaults.timeout,
      retry: SettingsReader.retry(reader) ?? defaults.retry,
      circuitBreaker: circuitBreaker(reader) ?? defaults.circuitBreaker,
      maxConcurrency: reader.integer("max_concurrency", in: 1...1024) ?? defaults.maxConcurrency,
      delivery: reader.choice("delivery", of: DeliveryMode.self) ?? defaults.delivery)
  }

  private mutating func schema(_ field: String, _ reader: MappingReader) -> JSONSchema? {
    guard let node = reader.node(field) else { return nil }
    let name = reader.qualified(field)
    let outcome: SchemaFiles.Outcome
    if let path = node.text {
      outcome = schemas.load(path)
    } else if node.mapping != nil || node.scalar?.boolean != nil {
      outcome = inline(node)
    } else {
      outcome = .unusable("must be a schema or the path of one, not \(node.typeName)")
    }
    switch outcome {
    case .schema(let schema): return schema
    case .problems(let problems): schemaProblems += problems.filter { !schemaProblems.contains($0) }
    case .unusable(let reason): reader.invalid(node, "\(name) \(reason)")
    }
    return nil
  }

  private func inline(_ node: YAMLNode) -> SchemaFiles.Outcome {
    do {
      return SchemaFiles.compile(try node.toJSON(file: file), file: file) { node.position(of: $0) }
    } catch {
      return .problems(error.problems.map { ContractProblem($0) })
    }
  }

  private static func milliseconds(_ field: String, _ reader: MappingReader, min: Int) -> Duration? {
    reader.integer(field, in: min...SettingsReader.millisecondsMax).map { .milliseconds($0) }
  }

  static func retry(_ reader: MappingReader) -> RetryPolicy? {
    let fields = ["max_attempts", "initial_backoff_ms", "max_backoff_ms", "multiplier", "jitter"]
    guard let section = reader.mapping("retry", fields: fields) else { return nil }
    let defaults = RetryPolicy()
    let initial = milliseconds("initial_backoff_ms", section, min: 0) ?? defaults.initialBackoff
    let longest = milliseconds("max_backoff_ms", section, min: 0) ?? max(defaults.maxBackoff, initial)
    if initial > longest, let node = section.node("max_backoff_ms") {
      section.invalid(node, "\(section.qualified("max_backoff_ms")) must not be shorter than initial_backoff_ms")
    }
    return RetryPolicy(
      attemptsMax: section.integer("max_attempts", in: 1...100) ?? defaults.attemptsMax, initialBackoff: initial,
      maxBackoff: longest, multiplier: section.number("multiplier", in: 1...10) ?? defaults.multiplier,
      jitter: section.number("jitter", in: 0...1) ?? defaults.jitter)
  }

  private func circuitBreaker(_ reader: MappingReader) -> CircuitBreakerPolicy? {
    let fields = ["failure_threshold", "reset_timeout_ms", "half_open_successes"]
    guard let section = reader.mapping("circuit_breaker", fields: fields) else { return nil }
    let defaults = CircuitBreakerPolicy()
    return CircuitBreakerPolicy(
      failureThreshold: section.integer("failure_threshold", in: 1...10_000) ?? defaults.failureThreshold,
      resetTimeout: SettingsReader.milliseconds("reset_timeout_ms", section, min: 1) ?? defaults.resetTimeout,
      halfOpenSuccesses: section.integer("half_open_successes", in: 1...100) ?? defaults.halfOpenSuccesses)
  }
}
