import Glibc
import OnexKernel
import Synchronization

/// Threads for calls into the kernel that can block: a disk or a network file system may take its time, which on Swift's own
/// pool everybody else would pay for.
final class FileThreads: Sendable {
  static let count = 4
  /// Calls that wait for a thread; further ones are refused.
  static let waitingMax = 256

  private let queue: WorkQueue

  init(count: Int = FileThreads.count, waitingMax: Int = FileThreads.waitingMax) {
    queue = WorkQueue(waitingMax: waitingMax)
    for _ in 0..<count { queue.addThread() }
  }

  /// The threads end when they have done what was added.
  deinit { queue.close() }

  /// Work whose task is cancelled before its turn is not done; work that has begun is finished, since a system call cannot be
  /// taken back.
  func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    let isCancelled = CancelFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
        let isAccepted = queue.add {
          guard !isCancelled.isSet else { return continuation.resume(throwing: CancellationError()) }
          continuation.resume(with: Result { try work() })
        }
        guard !isAccepted else { return }
        continuation.resume(
          throwing: HandlerError(
            .handlerUnavailable, "\(queue.waitingMax) file operations wait already; the storage does not keep up"))
      }
    } onCancel: {
      isCancelled.set()
    }
  }
}

private final class CancelFlag: Sendable {
  private let flag = Atomic(false)

  var isSet: Bool { flag.load(ordering: .acquiring) }

  func set() { flag.store(true, ordering: .releasing) }
}
