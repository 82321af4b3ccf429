import CPostgres
import Glibc

/// Lets another thread interrupt a `poll` (eventfd(2)).
final class Waker: Sendable {
  let descriptor: Int32

  init() throws(PostgresError) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    guard descriptor >= 0 else {
      throw PostgresError(.unreachable, "no descriptor is left for a connection (limit of open files reached)")
    }
  }

  deinit { Glibc.close(descriptor) }

  func wake() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  /// Forgets the wake-ups so far.
  func reset() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
