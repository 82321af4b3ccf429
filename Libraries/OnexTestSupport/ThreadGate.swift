import Glibc
import Synchronization

/// Holds threads until it is opened; for handlers that block.
public final class ThreadGate: Sendable {
  private let isOpen = Atomic<Bool>(false)

  public init() {}

  /// Blocks the calling thread.
  public func wait() {
    while !isOpen.load(ordering: .acquiring) { usleep(1000) }
  }

  public func open() { isOpen.store(true, ordering: .releasing) }
}
