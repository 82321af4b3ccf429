import OnexCore
import OnexKernel
import OnexYAML

/// Reads the declarations of one file; every problem of it at once.
enum TopicDeclarationFile {
  static let partitionsMax = 10_000
  static let replicasMax = 32
  static let descriptionBytesMax = 10_000

  private static let fields = [
    "name", "partitions", "replication_factor", "config", "owner", "protected", "dlq", "cloudevents", "description",
  ]

  private enum CloudEvents: String, CaseIterable { case binary, none }

  static func read(_ text: Bytes, file: String) -> (declarations: [TopicDeclaration], problems: [ContractProblem]) {
    let problems = FieldProblems(file: file)
    do {
      let root = try YAML.parse(text, file: file)
      guard let reader = MappingReader(root, fields: ["topics"], problems),
        let list = reader.list("topics", required: true)
      else { return ([], problems.all.map { ContractProblem($0) }) }
      let declarations = list.enumerated().compactMap { index, node in
        MappingReader(node, "topics[\(index)]", fields: fields, problems).flatMap { declaration($0, problems) }
      }
      return (declarations, problems.all.map { ContractProblem($0) })
    } catch {
      return ([], error.problems.map { ContractProblem($0) })
    }
  }

  private static func declaration(_ reader: MappingReader, _ problems: FieldProblems) -> TopicDeclaration? {
    let before = problems.count
    let name = name(reader, problems)
    let partitions = reader.integer("partitions", in: 1...partitionsMax, required: true)
    let replicas = reader.integer("replication_factor", in: 1...replicasMax) ?? 1
    let configuration = reader.scalars("config") ?? []
    let owner = reader.text("owner")
    let isProtected = reader.flag("protected") ?? false
    let hasDeadLetters = reader.flag("dlq") ?? false
    let events = reader.choice("cloudevents", of: CloudEvents.self)
    let description = reader.text("description", bytesMax: descriptionBytesMax)
    guard problems.count == before, let name, let partitions else { return nil }
    return TopicDeclaration(
      name: name, partitions: partitions, replicationFactor: replicas,
      configuration: Dictionary(configuration.map { ($0.name.value, $0.value.value) }) { first, _ in first },
      owner: owner?.value, description: description?.value, isProtected: isProtected, hasCloudEvents: events == .binary,
      hasDeadLetters: hasDeadLetters,
      file: problems.file, line: reader.position.line, column: reader.position.column)
  }

  private static func name(_ reader: MappingReader, _ problems: FieldProblems) -> TopicName? {
    guard let text = reader.text("name", required: true) else { return nil }
    do {
      return try TopicName(text.value)
    } catch {
      problems.add(.invalidField, at: text.position, "\(reader.qualified("name")): \(error.description)")
      return nil
    }
  }
}
