/// Collects what the readers of one file complain about, so that all of it is reported at once.
public final class FieldProblems {
  /// More problems than a person reads are left out.
  public static let problemsMax = 100

  public let file: String
  private var collected: [YAMLProblem] = []

  public init(file: String) { self.file = file }

  /// In the order of the file.
  public var all: [YAMLProblem] {
    collected.sorted { $0.position < $1.position }
  }

  public var isEmpty: Bool { collected.isEmpty }

  public var count: Int { collected.count }

  /// Whether further problems are left out.
  var isFull: Bool { collected.count >= FieldProblems.problemsMax }

  public func add(_ kind: YAMLProblem.Kind, at position: YAMLPosition, _ message: String) {
    guard !isFull else { return }
    collected.append(YAMLProblem(kind, file: file, at: position, message))
  }
}
