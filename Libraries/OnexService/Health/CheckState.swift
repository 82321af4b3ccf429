/// How a dependency or a role is doing.
public enum CheckState: String, Sendable {
  case up
  case down
  /// A member of a group without partitions: ready to take over, and nothing is wrong.
  case standingBy = "standing_by"
}
