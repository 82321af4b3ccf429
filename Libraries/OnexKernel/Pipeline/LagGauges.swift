import OnexCore

/// How far behind the end of its partitions a pipeline is, as a gauge for each partition.
struct LagGauges: Sendable {
  /// Between two readings; what the consumer knows is no fresher than its last fetches.
  static let interval: Duration = .seconds(1)

  private let registry: MetricRegistry
  private let group: String

  init(_ registry: MetricRegistry, group: String) {
    self.registry = registry
    self.group = group
  }

  /// Shows what is there now; a partition that was given up shows none, for its next member counts it.
  ///
  /// - Returns: the partitions that are shown.
  func show(_ lag: [TopicPartition: Int64], before: Set<TopicPartition>) -> Set<TopicPartition> {
    for partition in before where lag[partition] == nil { gauge(partition).set(0) }
    for (partition, records) in lag { gauge(partition).set(Int(records)) }
    return Set(lag.keys)
  }

  private func gauge(_ partition: TopicPartition) -> Gauge {
    registry.gauge(
      "onex_lag_records", help: "Records of assigned partitions that are not settled yet.",
      labels: [("group", group), ("topic", partition.topic), ("partition", String(partition.partition))])
  }
}
