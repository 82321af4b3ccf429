import OnexCore
import OnexKernel
import OnexYAML

/// Reads the declarations of one file; every problem of it at once.
enum TopicDeclarationFile {
  static let partitionsMax = 10_000
  static let replicasMax = 32
  static let descriptionBytesMax = 10_000

  private static let fields = [
    "name", "partitions", "replication_factor", "config", "config_where_known", "owner", "protected", "dlq", "cloudevents",
    "description",
  ]

  /// Whole numbers that brokers take for a setting (Apache Kafka's `LogConfig`). A number beyond them would be refused by the broker, or
  /// be another one after a conversion here. What is no number is the broker's to refuse, with its own words.
  static let ranges: [String: ClosedRange<Int64>] = {
    let (int, long) = (Int64(Int32.max), Int64.max)
    return [
      "delete.retention.ms": 0...long, "file.delete.delay.ms": 0...long, "flush.messages": 1...long, "flush.ms": 0...long,
      "index.interval.bytes": 0...int, "local.retention.bytes": -2...long, "local.retention.ms": -2...long,
      "max.compaction.lag.ms": 1...long, "max.message.bytes": 0...int, "message.timestamp.after.max.ms": 0...long,
      "message.timestamp.before.max.ms": 0...long, "message.timestamp.difference.max.ms": 0...long,
      "min.compaction.lag.ms": 0...long, "min.insync.replicas": 1...int, "retention.bytes": -1...long, "retention.ms": -1...long,
      "segment.bytes": 14...int, "segment.index.bytes": 4...int, "segment.jitter.ms": 0...long, "segment.ms": 1...long,
    ]
  }()

  private enum CloudEvents: String, CaseIterable { case binary, none }

  static func read(_ text: Bytes, file: String) -> (declarations: [TopicDeclaration], problems: [ContractProblem]) {
    let problems = FieldProblems(file: file)
    do {
      let root = try YAML.parse(text, file: file)
      guard let reader = MappingReader(root, fields: ["topics", whereKnown], problems),
        let list = reader.list("topics", required: true)
      else { return ([], problems.all.map { ContractProblem($0) }) }
      let common = settings(whereKnown, reader)
      let declarations = list.enumerated().compactMap { index, node in
        MappingReader(node, "topics[\(index)]", fields: fields, problems).flatMap { declaration($0, common, problems) }
      }
      return (declarations, problems.all.map { ContractProblem($0) })
    } catch {
      return ([], error.problems.map { ContractProblem($0) })
    }
  }

  private static let whereKnown = "config_where_known"

  private static func settings(_ field: String, _ reader: MappingReader) -> [String: String] {
    var settings: [String: String] = [:]
    for (name, value) in reader.scalars(field) ?? [] {
      if let range = ranges[name.value], isNumber(value.value), !(Int64(value.value).map(range.contains) ?? false) {
        reader.problems.add(
          .invalidField, at: value.position,
          "\(reader.qualified(field)).\(name.value) must be a whole number from \(range.lowerBound) to \(range.upperBound), not "
            + "\"\(value.value.prefix(40))\"")
      }
      settings[name.value] = value.value
    }
    return settings
  }

  private static func isNumber(_ text: String) -> Bool {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    return !digits.isEmpty && digits.utf8.allSatisfy { (48...57).contains($0) }
  }

  /// - Parameter common: the settings that the file has for all of its topics.
  private static func declaration(
    _ reader: MappingReader, _ common: [String: String], _ problems: FieldProblems
  ) -> TopicDeclaration? {
    let before = problems.count
    let name = name(reader, problems)
    let partitions = reader.integer("partitions", in: 1...partitionsMax, required: true)
    let replicas = reader.integer("replication_factor", in: 1...replicasMax) ?? 1
    let configuration = settings("config", reader)
    let whereKnown = common.merging(settings(whereKnown, reader)) { _, own in own }.filter { configuration[$0.key] == nil }
    let owner = reader.text("owner")
    let isProtected = reader.flag("protected") ?? false
    let hasDeadLetters = reader.flag("dlq") ?? false
    let events = reader.choice("cloudevents", of: CloudEvents.self)
    let description = reader.text("description", bytesMax: descriptionBytesMax)
    guard problems.count == before, let name, let partitions else { return nil }
    return TopicDeclaration(
      name: name, partitions: partitions, replicationFactor: replicas,
      configuration: configuration, configurationWhereKnown: whereKnown,
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
