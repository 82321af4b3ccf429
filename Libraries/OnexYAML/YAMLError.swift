/// Why a file could not be read as YAML: every problem that was found, at least one, in the order of the file.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  public let problems: [YAMLProblem]

  init(_ problems: [YAMLProblem]) {
    precondition(!problems.isEmpty, "an error has a cause")
    self.problems = problems.sorted { $0.position < $1.position }
  }

  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
