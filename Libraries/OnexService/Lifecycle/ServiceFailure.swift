/// Thrown by a service to end the process with a certain exit code. Any other error ends it with 70.
public struct ServiceFailure: Error, Sendable, CustomStringConvertible {
  public let exitCode: ExitCode
  /// For the log: what happened and what to do. Never holds a secret.
  public let message: String

  public init(_ exitCode: ExitCode, _ message: String) {
    self.exitCode = exitCode
    self.message = message
  }

  /// A dependency is away and waiting for it makes no sense. Most services wait instead and say so on `/ready`.
  public static func unavailable(_ message: String) -> ServiceFailure { ServiceFailure(.unavailable, message) }

  public static func internalError(_ message: String) -> ServiceFailure { ServiceFailure(.internalError, message) }

  public static func configuration(_ message: String) -> ServiceFailure { ServiceFailure(.configuration, message) }

  public var description: String { message }
}
