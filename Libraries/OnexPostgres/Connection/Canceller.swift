import CPostgres
import OnexThreads
import Synchronization

/// Asks the server to cancel the statement that runs. libpq opens a second connection for it and waits without a time limit,
/// so it has a thread of its own: the connection's thread keeps its deadline.
final class Canceller: @unchecked Sendable {
  private static let stackBytes = 256 << 10

  private let handle: OpaquePointer
  private let done = Atomic(false)

  /// `nil` when the connection is already broken. `waker` is woken when the request was delivered or has failed.
  static func start(_ connection: OpaquePointer, waker: Waker) -> Canceller? {
    guard let handle = PQgetCancel(connection) else { return nil }
    let canceller = Canceller(handle)
    let isStarted = SystemThread.start(stackBytes: stackBytes) {
      canceller.deliver()
      waker.wake()
    }
    return isStarted ? canceller : nil
  }

  private init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { PQfreeCancel(handle) }

  /// A request under way could still hit the next statement.
  var isDone: Bool { done.load(ordering: .acquiring) }

  private func deliver() {
    var message = [CChar](repeating: 0, count: 256)
    _ = PQcancel(handle, &message, Int32(message.count))
    done.store(true, ordering: .releasing)
  }
}
