/// How a service ends, as `sysexits.h` numbers it. Documented in docs/reference/configuration.md.
public enum ExitCode: Int32, Sendable {
  /// Everything in flight was finished.
  case success = 0
  /// An argument that does not exist (EX_USAGE).
  case usage = 64
  /// Something this service cannot work without is away for good: its port, a dependency (EX_UNAVAILABLE).
  case unavailable = 69
  /// An error of the program itself, work left over at the end of the drain, or a second signal (EX_SOFTWARE).
  case internalError = 70
  /// Invalid configuration (EX_CONFIG). Restarting without a change does not help.
  case configuration = 78
}
