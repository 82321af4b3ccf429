import OnexKernel

/// Where a catalogue comes from. Asks no broker.
enum CatalogueSource {
  /// Half of the contracts would make a catalogue that is wrong: every problem is told instead. Blocks.
  static func read(_ directory: String, errors: (String) -> Void) -> TopicCatalogue? {
    let contracts = ContractDirectory.load(directory)
    // As declared: what an environment changes of it is not what the interface is.
    let desired = DesiredTopics(directory: directory, contracts: contracts)
    guard desired.problems.isEmpty else {
      for found in desired.problems { errors("\(found)") }
      return nil
    }
    return TopicCatalogue(topics: desired.topics, contracts: contracts.contracts)
  }
}
