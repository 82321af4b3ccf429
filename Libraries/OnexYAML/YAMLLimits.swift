/// What a document may cost before it is refused. A file is input like any other: nobody checked it before this does.
public struct YAMLLimits: Sendable, Hashable {
  /// Nesting of sequences and mappings.
  public var depthMax: Int
  /// Nodes of the finished tree, with aliased nodes counted once for each use, so that a small file cannot expand to a huge tree.
  public var nodesMax: Int
  /// Problems that are collected before the rest is left out.
  public var problemsMax: Int

  public init(depthMax: Int = 64, nodesMax: Int = 100_000, problemsMax: Int = 100) {
    precondition(depthMax > 0 && nodesMax > 0 && problemsMax > 0, "limits allow something")
    self.depthMax = depthMax
    self.nodesMax = nodesMax
    self.problemsMax = problemsMax
  }

  public static let standard = YAMLLimits()
}
