import OnexCore
import OnexKernel
import OnexYAML

/// Reads the overlay of one environment; every problem of it at once.
enum TopicOverlayFile {
  private static let change = ["partitions", "replication_factor", "config"]
  private static let retention = ["retention.ms", "retention.bytes"]

  /// Where the overlays of `directory` are.
  static func folder(_ directory: String) -> String { directory + "/topics/environments" }

  static func read(_ text: Bytes, file: String) -> (overlay: TopicOverlay, problems: [ContractProblem]) {
    let problems = FieldProblems(file: file)
    let root: YAMLNode
    do {
      root = try YAML.parse(text, file: file)
    } catch {
      return (.none, error.problems.map { ContractProblem($0) })
    }
    var defaults = TopicOverlay.Change()
    var topics: [String: TopicOverlay.Entry] = [:]
    if let reader = MappingReader(root, fields: ["defaults", "topics", "description"], problems) {
      _ = reader.text("description")
      if let mapping = reader.mapping("defaults", fields: change) { defaults = read(mapping) }
      for (index, node) in (reader.list("topics") ?? []).enumerated() {
        guard let entry = MappingReader(node, "topics[\(index)]", fields: ["name"] + change, problems) else { continue }
        let position = entry.position
        guard let name = entry.text("name", required: true) else { continue }
        if let first = topics[name.value] {
          problems.add(.invalidField, at: name.position, "the topic \(name.value) already has an entry in line \(first.line)")
          continue
        }
        topics[name.value] = TopicOverlay.Entry(read(entry), file: file, line: position.line, column: position.column)
      }
    }
    return (TopicOverlay(defaults: defaults, topics: topics), problems.all.map { ContractProblem($0) })
  }

  private static func read(_ reader: MappingReader) -> TopicOverlay.Change {
    let partitions = reader.integer("partitions", in: 1...TopicDeclarationFile.partitionsMax)
    let replicas = reader.integer("replication_factor", in: 1...TopicDeclarationFile.replicasMax)
    var settings: [String: String] = [:]
    for (name, value) in reader.scalars("config") ?? [] {
      guard retention.contains(name.value) else {
        reader.problems.add(
          .invalidField, at: name.position,
          "\(reader.qualified("config")).\(name.value) is not for an overlay, which changes partitions, replication_factor, "
            + "\(retention.joined(separator: " and ")) only: say it where the topic is declared")
        continue
      }
      guard let number = Int64(value.value), number >= -1 else {
        reader.problems.add(
          .invalidField, at: value.position,
          "\(reader.qualified("config")).\(name.value) must be a whole number, or -1 for no bound, not \"\(value.value.prefix(40))\""
        )
        continue
      }
      settings[name.value] = String(number)
    }
    return TopicOverlay.Change(partitions: partitions, replicationFactor: replicas, retention: settings)
  }
}
