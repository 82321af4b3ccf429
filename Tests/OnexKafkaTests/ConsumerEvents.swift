import OnexCore

/// What a list of events says.
extension [ConsumerEvent] {
  var values: [String] {
    flatMap { event in
      if case .records(let records) = event { return records.compactMap { $0.value?.text } }
      return []
    }
  }

  var faults: [EventBusError] {
    compactMap { event in
      if case .fault(let error) = event { return error }
      return nil
    }
  }

  var hasRecovered: Bool {
    contains { event in
      if case .recovered = event { return true }
      return false
    }
  }

  var assigned: [TopicPartition] {
    flatMap { event in
      if case .assigned(let partitions) = event { return partitions }
      return []
    }
  }

  var revoking: [TopicPartition] {
    flatMap { event in
      if case .revoking(let partitions) = event { return partitions }
      return []
    }
  }

  var lost: [TopicPartition] {
    flatMap { event in
      if case .lost(let partitions) = event { return partitions }
      return []
    }
  }
}
