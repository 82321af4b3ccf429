import Glibc
import OnexKernel
import Testing

@testable import OnexEffects

@Suite struct FileThreadsTests {
  /// Holds the only thread until `release`.
  private final class Held: Sendable {
    private let pipe: (read: Int32, write: Int32)
    private let begun = AsyncStream<Void>.makeStream()

    init() {
      var ends: [Int32] = [0, 0]
      precondition(Glibc.pipe(&ends) == 0)
      pipe = (ends[0], ends[1])
    }

    func block() {
      begun.continuation.finish()
      var byte: UInt8 = 0
      _ = read(pipe.read, &byte, 1)
    }

    func hasBegun() async { for await _ in begun.stream {} }

    func release() { close(pipe.write) }
  }

  @Test func workIsDoneAndItsErrorsArrive() async throws {
    let threads = FileThreads()
    #expect(try await threads.run { 1 + 1 } == 2)
    await #expect(throws: SystemError(ENOENT)) { try await threads.run { throw SystemError(ENOENT) } }
  }

  @Test func cancelledWorkIsNotBegun() async throws {
    let threads = FileThreads(count: 1)
    let held = Held()
    let first = Task { try await threads.run { held.block() } }
    await held.hasBegun()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        withUnsafeCurrentTask { $0?.cancel() }
        await #expect(throws: CancellationError.self) { try await threads.run { Issue.record("cancelled work ran") } }
      }
      held.release()
    }
    try await first.value
  }

  @Test func moreThanMayWaitIsRefused() async throws {
    let threads = FileThreads(count: 1, waitingMax: 1)
    let held = Held()
    let first = Task { try await threads.run { held.block() } }
    await held.hasBegun()
    // Of two, one waits and the other is told at once.
    let errors = await withTaskGroup(of: HandlerError?.self) { group in
      for _ in 0..<2 {
        group.addTask {
          do {
            try await threads.run {}
            return nil
          } catch {
            return error as? HandlerError
          }
        }
      }
      let refused = await group.next() ?? nil
      held.release()
      return [refused, await group.next() ?? nil]
    }
    #expect(errors.map { $0?.code } == [.handlerUnavailable, nil])
    #expect(errors[0]?.isRetriable == true)
    try await first.value
  }
}
