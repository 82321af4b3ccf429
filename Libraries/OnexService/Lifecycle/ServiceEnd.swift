/// How a service came to its end.
enum ServiceEnd: Sendable {
  /// `run` returned, or the process was asked to end before it had started.
  case finished
  case failed(ServiceFailure)
  /// The drain took longer than it may; so many pieces of work were left, as last reported.
  case drainTimedOut(inFlight: Int)

  var exitCode: ExitCode {
    switch self {
    case .finished: .success
    case .failed(let failure): failure.exitCode
    case .drainTimedOut: .internalError
    }
  }
}
