import Glibc

/// Wakes threads that wait for something to change; a change between the look and the wait is not missed.
final class ThreadSignal: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var changes: UInt64 = 0

  init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  var generation: UInt64 {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return changes
  }

  func notify() {
    pthread_mutex_lock(mutex)
    changes &+= 1
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  func wait(since generation: UInt64) {
    pthread_mutex_lock(mutex)
    while changes == generation { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }
}
