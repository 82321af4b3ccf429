import Glibc

/// The threads that a plug-in's handlers run on. The process shares one pool for all Swift tasks, the runtime's own included; a
/// handler that blocks must not take a thread of that.
final class PluginThreads: TaskExecutor, @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  /// In order of arrival from `head` on. Bounded by what the runtime lets run at once.
  private var jobs: [UnownedJob] = []
  private var head = 0

  /// Threads are never ended: a plug-in is never unloaded.
  init(count: Int) {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
    for _ in 0..<max(count, 1) { addThread() }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pthread_mutex_lock(mutex)
    jobs.append(job)
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  private func addThread() {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { threads in
        guard let threads else { return nil }
        Unmanaged<PluginThreads>.fromOpaque(threads).takeRetainedValue().work()
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "a thread for the plug-in's handlers cannot be made: error \(status)")
  }

  private func work() -> Never {
    while true { next().runSynchronously(on: asUnownedTaskExecutor()) }
  }

  private func next() -> UnownedJob {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while head == jobs.count { pthread_cond_wait(condition, mutex) }
    let job = jobs[head]
    head += 1
    // Half used up: moving the rest costs no more than what was taken out before.
    if head * 2 >= jobs.count {
      jobs.removeFirst(head)
      head = 0
    }
    return job
  }
}
