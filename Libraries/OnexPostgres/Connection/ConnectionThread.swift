import Glibc
import OnexCore
import OnexThreads
import Synchronization

/// The thread on which everything of one connection happens: libpq waits, and Swift's own threads must not.
///
/// Tasks put statements into the queue and wake the thread; it runs them one by one and resumes the task that waits.
final class ConnectionThread: Sendable {
  private struct State {
    var queue: StatementQueue<Statement>
    var nextID: UInt64 = 0
    var running: UInt64?
    var isCancelRequested = false
    /// The last statement left a transaction open.
    var isInTransaction = false
    var isClosing = false
    /// Why nothing runs any more.
    var ending: PostgresError?
    var isFinished = false
    var closeWaiters: [CheckedContinuation<Void, Never>] = []
  }

  /// TLS handshakes and name resolution are the deepest; more would only be address space.
  private static let stackBytes = 512 << 10

  let configuration: PostgresConfiguration
  let logger: Logger
  private let parameters: ConnectionParameters
  private let waker: Waker
  private let state: Mutex<State>

  init(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
    self.configuration = configuration
    self.logger = logger
    parameters = try ConnectionParameters(configuration)
    waker = try Waker()
    state = Mutex(State(queue: StatementQueue(countMax: configuration.queuedMax)))
  }

  var isOpen: Bool { state.withLock { $0.ending == nil && !$0.isClosing } }

  /// Open, with nothing running, nothing waiting and no transaction: the next user finds it as new.
  var isAtRest: Bool {
    state.withLock { state in
      state.ending == nil && !state.isClosing && state.running == nil && state.queue.isAtRest && !state.isInTransaction
    }
  }

  // MARK: Called from tasks

  /// Starts the thread; returns when the session takes statements.
  func open() async throws(PostgresError) {
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, PostgresError>, Never>) in
        if !spawn({ self.main(opened: continuation) }) {
          continuation.resume(returning: .failure(ConnectionThread.noThread))
        }
      }
    } onCancel: {
      state.withLock { $0.isCancelRequested = true }
      waker.wake()
    }
    try answer.get()
  }

  /// - Parameter isCancellable: whether cancelling the task cancels the statement. What ends a transaction is not.
  @discardableResult
  func run(_ work: Statement.Work, isCancellable: Bool = true, role: StatementQueue<Statement>.Role = .alone)
    async throws(PostgresError) -> [PostgresResult]
  {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Statement.Answer, Never>) in
        let statement = Statement(work: work, continuation: continuation)
        add(statement, id: id, role: role, refusesCancelled: isCancellable && Task.isCancelled)
      }
    } onCancel: {
      if isCancellable { cancel(id) }
    }
    return try answer.get()
  }

  private func add(_ statement: Statement, id: UInt64, role: StatementQueue<Statement>.Role, refusesCancelled: Bool) {
    let refusal: PostgresError? = state.withLock { state in
      if let ending = state.ending { return ending }
      if state.isClosing { return ConnectionThread.closed }
      if refusesCancelled { return ConnectionThread.cancelled }
      guard state.queue.add(statement, id: id, role: role) else {
        return PostgresError(.queueFull, "\(configuration.queuedMax) statements wait for this connection already")
      }
      return nil
    }
    if let refusal { statement.continuation.resume(returning: .failure(refusal)) } else { waker.wake() }
  }

  private func cancel(_ id: UInt64) {
    let waiting: Statement? = state.withLock { state in
      if state.running == id { state.isCancelRequested = true }
      return state.queue.remove(id)
    }
    if let waiting { waiting.continuation.resume(returning: .failure(ConnectionThread.cancelled)) } else { waker.wake() }
  }

  func release(_ transaction: UInt64) {
    state.withLock { $0.queue.release(transaction) }
    waker.wake()
  }

  /// Asks the thread to end after the statement that runs. Does not wait.
  func requestClose() {
    state.withLock { $0.isClosing = true }
    waker.wake()
  }

  func close() async {
    requestClose()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isFinished = state.withLock { state in
        if !state.isFinished { state.closeWaiters.append(continuation) }
        return state.isFinished
      }
      if isFinished { continuation.resume() }
    }
  }

  static let cancelled = PostgresError(.cancelled, "the task was cancelled")
  static let closed = PostgresError(.closed, "the connection was closed")

  // MARK: The thread

  private static let noThread = PostgresError(.unreachable, "no thread could be started for the connection")

  private func spawn(_ body: @escaping @Sendable () -> Void) -> Bool {
    let isStarted = SystemThread.start(stackBytes: ConnectionThread.stackBytes, body)
    if !isStarted { finish(ConnectionThread.noThread) }
    return isStarted
  }

  private func main(opened: CheckedContinuation<Result<Void, PostgresError>, Never>) {
    let session = Session(parameters: parameters, configuration: configuration, logger: logger, waker: waker) {
      self.state.withLock { $0.isCancelRequested }
    }
    do throws(PostgresError) {
      try session.open()
    } catch {
      session.close()
      finish(error)
      opened.resume(returning: .failure(error))
      return
    }
    state.withLock { $0.isCancelRequested = false }
    opened.resume(returning: .success(()))
    let ending = serve(session)
    session.close()
    finish(ending)
  }

  /// Runs statements until the connection is of no further use.
  private func serve(_ session: Session) -> PostgresError {
    while true {
      switch takeNext() {
      case .statement(let statement):
        let answer = session.run(statement)
        let ending = session.ending
        let isInTransaction = session.isInTransaction
        state.withLock { state in
          state.isInTransaction = isInTransaction
          state.running = nil
          state.isCancelRequested = false
          // Set before the answer is given, so that a caller who sees the error also sees a closed connection.
          state.ending = ending
        }
        statement.continuation.resume(returning: answer)
        if let ending { return ending }
      case .closing:
        return ConnectionThread.closed
      case .nothing:
        if let ending = session.waitForWork() { return ending }
      }
    }
  }

  private enum Next {
    case statement(Statement)
    case nothing
    case closing
  }

  private func takeNext() -> Next {
    state.withLock { state in
      if state.isClosing { return .closing }
      guard let (id, statement) = state.queue.next() else { return .nothing }
      state.running = id
      return .statement(statement)
    }
  }

  private func finish(_ error: PostgresError) {
    let (statements, waiters) = state.withLock { state in
      state.ending = error
      state.isFinished = true
      defer { state.closeWaiters = [] }
      return (state.queue.removeAll(), state.closeWaiters)
    }
    for statement in statements { statement.continuation.resume(returning: .failure(error)) }
    for waiter in waiters { waiter.resume() }
  }
}
