import OnexCore
import OnexKafka

/// A topic as an operator wants to see it: where its partitions are, how much they hold, and who is how far behind.
struct TopicPicture: Sendable {
  struct Partition: Sendable {
    let description: TopicDescription.Partition
    /// The offsets that are still there; `nil` when no leader answers.
    let offsets: Range<Int64>?
  }

  struct Position: Sendable {
    let group: String
    let partition: Int32
    let committed: Int64
    /// Records that the group has not committed yet; `nil` when no leader answers.
    let lag: Int64?
  }

  let name: String
  let partitions: [Partition]
  let positions: [Position]
  let declaration: TopicDeclaration?
  let uses: [TopicUse]

  /// Pictures of those that exist, in the given order.
  static func take(_ names: [String], _ admin: KafkaAdmin, _ desired: DesiredTopics) async throws(EventBusError) -> [TopicPicture]
  {
    let byName = Dictionary(try await admin.topics().map { ($0.name, $0) }) { first, _ in first }
    let found = names.compactMap { byName[$0] }
    let partitions = found.flatMap { topic in topic.partitions.map { TopicPartition(topic.name, $0.partition) } }
    let offsets = try await admin.watermarks(of: partitions)
    var committed: [(group: String, offsets: [TopicPartition: Int64])] = []
    for group in try await admin.groups() {
      committed.append((group, try await admin.committedOffsets(of: group, partitions)))
    }
    return found.map { topic in
      TopicPicture(
        name: topic.name,
        partitions: topic.partitions.map {
          Partition(description: $0, offsets: offsets[TopicPartition(topic.name, $0.partition)])
        },
        positions: positions(topic, offsets, committed), declaration: desired.topics[topic.name],
        uses: desired.uses[topic.name] ?? [])
    }
  }

  private static func positions(
    _ topic: TopicDescription, _ offsets: [TopicPartition: Range<Int64>],
    _ committed: [(group: String, offsets: [TopicPartition: Int64])]
  ) -> [Position] {
    committed.flatMap { group, positions in
      topic.partitions.compactMap { description in
        let partition = TopicPartition(topic.name, description.partition)
        guard let position = positions[partition] else { return nil }
        // What was deleted before the group came to it can no longer be read.
        let lag = offsets[partition].map { max(0, $0.upperBound - max(position, $0.lowerBound)) }
        return Position(group: group, partition: description.partition, committed: position, lag: lag)
      }
    }
  }
}
