import OnexCore

/// Everything that the verdict speaks about, as it was found when a run was over.
struct StorageRecord: Sendable {
  /// Where a record lies in the log.
  struct Place: Sendable, Hashable, CustomStringConvertible {
    let partition: TopicPartition
    let offset: Int64

    init(_ partition: TopicPartition, _ offset: Int64) {
      self.partition = partition
      self.offset = offset
    }

    var description: String { "\(partition.topic)[\(partition.partition)]@\(offset)" }
  }

  struct Row: Sendable, Hashable {
    let table: ObservedTable
    /// NULLs and what the consumer adds left out.
    let columns: JSONObject

    /// What tells it apart.
    var id: String { columns[table.key]?.string ?? "" }
  }

  struct Letter: Sendable, Hashable {
    /// The topic of dead letters that it lies in.
    let topic: String
    /// Where it says that the original lies.
    let origin: Place?
    let code: String
    let reason: String
    let key: String?
    let value: Bytes?
  }

  var sent: [Report] = []
  /// What the broker has of it: several places of one tag when a client sent it again.
  var log: [Place: Int] = [:]
  /// The id that follows from each place and its record's time, for events without one.
  var derivedIDs: [Place: EnvelopeID] = [:]
  var rows: [Row] = []
  var letters: [Letter] = []
  /// Where each partition ends that has records.
  var ends: [TopicPartition: Int64] = [:]
  var committed: [TopicPartition: Int64] = [:]
}
