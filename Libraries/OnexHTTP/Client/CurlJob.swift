import OnexCore

typealias CurlOutcome = Result<HTTPClientResponse, HTTPClientError>

/// One request on its way to the thread. Its continuation is resumed exactly once, by the thread or by a refused submission.
struct CurlJob: Sendable {
  let id: UInt64
  let request: HTTPClientRequest
  let url: RequestURL
  let permission: AddressPermission
  let deadline: ContinuousClock.Instant
  let continuation: CheckedContinuation<CurlOutcome, Never>

  func fail(_ code: HTTPClientError.Code, _ message: String) {
    continuation.resume(returning: .failure(HTTPClientError(code, message)))
  }

  var timeLeft: Duration { deadline - .now }

  func timedOut() {
    fail(.timedOut, "\(url.origin) did not answer within \(Int(request.timeout.milliseconds)) ms")
  }
}
