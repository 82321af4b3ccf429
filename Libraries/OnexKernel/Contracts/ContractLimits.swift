/// What a contracts directory may cost before the rest of it is refused.
public struct ContractLimits: Sendable, Hashable {
  /// One contract or schema file.
  public var fileBytesMax: Int
  /// Folders below the contracts directory.
  public var depthMax: Int
  /// Files and folders that are looked at.
  public var entriesMax: Int
  public var contractsMax: Int

  public init(
    fileBytesMax: Int = 1 << 20, depthMax: Int = 16, entriesMax: Int = 100_000, contractsMax: Int = 1000
  ) {
    self.fileBytesMax = fileBytesMax
    self.depthMax = depthMax
    self.entriesMax = entriesMax
    self.contractsMax = contractsMax
  }

  public static let standard = ContractLimits()
}
