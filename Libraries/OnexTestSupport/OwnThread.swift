import Glibc

/// Runs what blocks outside of Swift's pool, which the tests share with what they test.
public enum OwnThread {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  public static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let work = Work { continuation.resume(with: Result(catching: body)) }
      var thread = pthread_t()
      let outcome = pthread_create(
        &thread, nil,
        { context in
          context.map { Unmanaged<Work>.fromOpaque($0).takeRetainedValue().body() }
          return nil
        }, Unmanaged.passRetained(work).toOpaque())
      precondition(outcome == 0, "a thread can be started")
      pthread_detach(thread)
    }
  }
}
