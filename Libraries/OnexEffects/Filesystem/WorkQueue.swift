import Glibc

/// Work in order of arrival and the threads that do it. All state is behind the one mutex, which threads also wait at; hence
/// unchecked.
final class WorkQueue: @unchecked Sendable {
  typealias Work = @Sendable () -> Void

  let waitingMax: Int
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: [Work] = []
  private var isClosed = false

  init(waitingMax: Int) {
    self.waitingMax = waitingMax
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

  /// - Returns: false when as many wait as may.
  func add(_ work: @escaping Work) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard !isClosed, waiting.count < waitingMax else { return false }
    waiting.append(work)
    pthread_cond_signal(condition)
    return true
  }

  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  func addThread() {
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 1 << 19)
    let status = pthread_create(
      &thread, &attributes,
      { pointer in
        guard let pointer else { return nil }
        let queue = Unmanaged<WorkQueue>.fromOpaque(pointer).takeRetainedValue()
        while let work = queue.next() { work() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "a thread for files cannot be made: error \(status)")
  }

  /// Waits for work; `nil` when there will be none.
  private func next() -> Work? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while waiting.isEmpty {
      if isClosed { return nil }
      pthread_cond_wait(condition, mutex)
    }
    return waiting.removeFirst()
  }
}
