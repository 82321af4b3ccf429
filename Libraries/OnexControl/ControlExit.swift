/// How `onexctl` ends (docs/reference/onexctl.md).
enum ControlExit: Int32 {
  case success = 0
  /// The answer is an error response, or one of several requests failed.
  case failed = 1
  case usage = 64
  /// The files that were checked have problems.
  case invalidData = 65
  /// The broker, or a service that was asked for, cannot be reached or is not ready.
  case unavailable = 69
  /// The output could not be written.
  case outputLost = 74
  /// No answer came in time.
  case timedOut = 75
  case configuration = 78
}

/// Ends a command with words for the person who typed it.
struct ControlFailure: Error {
  let exit: ControlExit
  let message: String
}
