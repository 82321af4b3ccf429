import OnexThreads

/// Threads of the adapter's own.
enum AdapterThread {
  /// Runs `body` on a new thread. A process without room for one cannot go on.
  static func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
    precondition(SystemThread.start(body), "the thread \(name) cannot be made")
  }

  /// Runs a blocking call on a thread made for it; for calls that are rare.
  static func call<Value: Sendable>(_ name: StaticString, _ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      start(name) { continuation.resume(returning: body()) }
    }
  }
}
