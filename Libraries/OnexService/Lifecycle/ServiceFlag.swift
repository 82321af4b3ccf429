/// A command-line argument of one service, such as `--once`.
public struct ServiceFlag: Sendable, Hashable {
  /// With its dashes.
  public let name: String
  /// One sentence for `--help`.
  public let help: String
  /// A job ends by itself and opens no health endpoint: it may run beside the service of the same name.
  public let isJob: Bool

  public init(_ name: String, help: String, isJob: Bool = false) {
    precondition(name.hasPrefix("--"), "a flag starts with two dashes")
    self.name = name
    self.help = help
    self.isJob = isJob
  }
}
