/// How a command of `topic-manager` ends (docs/reference/topic-manager.md). The service itself ends as every service does.
enum TopicExit: Int32 {
  /// `plan`: looked. `apply`: the cluster is what is declared.
  case success = 0
  /// The broker, a declaration or the configuration is in the way, or something was refused.
  case failed = 1
  case usage = 2
  /// `plan --fail-on-drift`: the cluster is not what is declared.
  case differs = 3
  /// `acl`: the broker has no access control.
  case unsupported = 4
}

/// Ends a command with words for the person who typed it.
struct TopicCommandFailure: Error {
  let message: String
}
