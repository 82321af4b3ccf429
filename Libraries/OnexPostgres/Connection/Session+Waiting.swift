import CPostgres
import Glibc

/// The waiting side of one exchange with the server.
struct Exchange {
  var deadline: ContinuousClock.Instant?
  /// The cancel request that is under way or was delivered.
  var canceller: Canceller?

  var isCancelled: Bool { canceller != nil }
}

extension Session {
  /// Does one piece of work with the server, from its first byte to its last answer.
  ///
  /// - Parameter body: returns what the server said; throws when the connection is of no further use.
  func exchange<Answer>(
    _ body: (inout Exchange) throws(PostgresError) -> Result<Answer, PostgresError>
  ) -> Result<Answer, PostgresError> {
    var exchange = Exchange(deadline: statementDeadline)
    do throws(PostgresError) {
      let answer = try body(&exchange)
      try settleCancellation(&exchange)
      return answer
    } catch {
      ending = error
      return .failure(error)
    }
  }

  /// The server ends a statement at its timeout; this is for a server that does not answer at all.
  var statementDeadline: ContinuousClock.Instant? {
    configuration.statementTimeout.map { ContinuousClock.now + $0 + configuration.answerGrace }
  }

  /// Hands what was sent to the kernel. Reads meanwhile: a server that has answers to get rid of would not read on otherwise.
  func flush(_ exchange: inout Exchange) throws(PostgresError) {
    while true {
      switch PQflush(connection) {
      case 0: return
      case 1:
        try awaitSocket(POLLIN | POLLOUT, &exchange)
        guard PQconsumeInput(connection) == 1 else { throw broken() }
      default: throw broken()
      }
    }
  }

  /// The next result, which the caller owns; `nil` after the last one of a statement.
  func nextResult(_ exchange: inout Exchange) throws(PostgresError) -> OpaquePointer? {
    while PQisBusy(connection) == 1 {
      try awaitSocket(POLLIN, &exchange)
      guard PQconsumeInput(connection) == 1 else { throw broken() }
    }
    return PQgetResult(connection)
  }

  /// The next statement must not be hit by a cancel request that is still under way.
  private func settleCancellation(_ exchange: inout Exchange) throws(PostgresError) {
    while let canceller = exchange.canceller, !canceller.isDone { try awaitSocket(0, &exchange) }
  }

  /// Passes a cancellation on to the server, once, and leaves it `answerGrace` to comply.
  func startCancelling(_ exchange: inout Exchange) {
    guard !exchange.isCancelled, let connection else { return }
    exchange.canceller = Canceller.start(connection, waker: waker)
    exchange.deadline = ContinuousClock.now + configuration.answerGrace
  }

  /// Waits for the socket until the exchange's deadline, and takes notice of cancellation meanwhile.
  private func awaitSocket(_ events: Int32, _ exchange: inout Exchange) throws(PostgresError) {
    while true {
      switch wait(for: events, until: exchange.deadline) {
      case .ready: return
      case .timedOut: throw PostgresError(.timedOut, "the database did not answer in time; the connection is given up")
      case .woken:
        if isCancelRequested() { startCancelling(&exchange) }
        if events == 0 { return }
      }
    }
  }

  /// Waits until a task has something to do, or the server ends the connection.
  ///
  /// - Returns: why the connection is over.
  func waitForWork() -> PostgresError? {
    switch wait(for: POLLIN, until: nil) {
    case .ready:
      guard PQconsumeInput(connection) == 1, PQstatus(connection) != CONNECTION_BAD else { return broken() }
      return nil
    case .woken, .timedOut: return nil
    }
  }

  enum Wake { case ready, woken, timedOut }

  func wait(for events: Int32, until deadline: ContinuousClock.Instant?) -> Wake {
    var watched = [
      pollfd(fd: events == 0 ? -1 : PQsocket(connection), events: Int16(events), revents: 0),
      pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    let left = deadline.map { max(($0 - ContinuousClock.now).microseconds / 1000 + 1, 0) }
    let count = poll(&watched, 2, left.map { Int32(clamping: $0) } ?? -1)
    if count <= 0 {
      // A signal counts as a wake-up: the caller looks again.
      return count == 0 ? .timedOut : .woken
    }
    if watched[1].revents != 0 {
      waker.reset()
      return .woken
    }
    return .ready
  }
}
