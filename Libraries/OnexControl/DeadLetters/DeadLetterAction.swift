import OnexCommandLine
import OnexCore

/// One subcommand of `onexctl dlq`.
protocol DeadLetterAction: Sendable {
  static var name: String { get }
  /// Of those that `onexctl dlq` knows, the options and flags that mean something here.
  static var accepted: [String] { get }
  /// How many topics, or places, may follow.
  static var operands: ClosedRange<Int> { get }

  static func run(_ operands: [String], _ arguments: ArgumentSet, _ context: ControlContext) async throws -> ControlExit
}

extension DeadLetterAction {
  /// An option that another subcommand has would be passed over silently: it is refused.
  static func check(_ operands: [String], _ arguments: ArgumentSet) throws(ArgumentSet.Misuse) {
    let given = Set(arguments.values.keys).union(arguments.flags)
    if let foreign = given.subtracting(accepted).min() {
      throw ArgumentSet.Misuse(message: "\(foreign) is no option of dlq \(name); there are: \(accepted.joined(separator: ", "))")
    }
    guard operands.count >= self.operands.lowerBound else {
      throw ArgumentSet.Misuse(message: "dlq \(name) needs \(name == "show" ? "a place: \(LogPlace.form)" : "a topic")")
    }
    guard operands.count <= self.operands.upperBound else {
      throw ArgumentSet.Misuse(message: "unexpected argument \"\(operands[self.operands.upperBound])\"")
    }
  }
}
