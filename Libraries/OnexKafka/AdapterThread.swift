import Glibc

/// Threads of the adapter's own, for calls that block: Swift's pool has one thread a core and must never wait for a broker.
enum AdapterThread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Runs `body` on a new detached thread.
  static func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 512 << 10)
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Body(body))
    let status = pthread_create(
      &thread, &attributes,
      { pointer in
        if let pointer { Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
      }, argument.toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "the thread \(name) cannot be made: error \(status)")
  }

  /// Runs a blocking call on a thread made for it; for calls that are rare.
  static func call<Value: Sendable>(_ name: StaticString, _ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      start(name) { continuation.resume(returning: body()) }
    }
  }
}
