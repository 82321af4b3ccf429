import Glibc

/// A detached POSIX thread, for calls that block: Swift's own pool has one thread a core and must never wait for a broker, a
/// database or a disk.
public enum SystemThread {
  /// Resident memory is what is touched; the reservation itself costs nothing.
  public static let stackBytes = 512 << 10

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Runs `body` on a new thread.
  ///
  /// - Returns: false when the system has no room for another thread.
  public static func start(stackBytes: Int = SystemThread.stackBytes, _ body: @escaping @Sendable () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let argument = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, argument.toOpaque())
    if status != 0 { argument.release() }
    return status == 0
  }
}
