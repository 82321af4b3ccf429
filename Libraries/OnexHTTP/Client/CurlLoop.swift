import CCurl
import Glibc
import OnexCore
import Synchronization

/// The thread that drives all transfers (libcurl's multi interface). Everything of libcurl's is touched by this thread alone,
/// except the wake-up, which libcurl allows from everywhere.
final class CurlLoop: @unchecked Sendable {
  private struct Mail {
    var submitted: [CurlJob] = []
    var cancelled: [UInt64] = []
    /// Submitted and not yet answered.
    var pending = 0
    var isStopping = false
  }

  /// The longest sleep; only a safeguard, since every change wakes the thread.
  private static let pollMax = Duration.seconds(60)

  private static let initialized: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

  private let limits: CurlLimits
  private let multi: UnsafeMutableRawPointer
  private let mail = Mutex(Mail())
  private let ids = Atomic<UInt64>(0)
  private var thread = pthread_t()

  // Of the thread's own:
  private var waiting: WaitingJobs
  /// By their easy handles.
  private var active: [UnsafeMutableRawPointer: CurlTransfer] = [:]
  /// The handles by the numbers of their jobs.
  private var handles: [UInt64: UnsafeMutableRawPointer] = [:]

  init(limits: CurlLimits) {
    precondition(limits.transfersMax > 0 && limits.waitingMax >= 0, "a client that sends nothing is not one")
    precondition(CurlLoop.initialized == CURLE_OK, "libcurl cannot be initialized: error \(CurlLoop.initialized.rawValue)")
    guard let multi = curl_multi_init() else { preconditionFailure("out of memory for a libcurl handle") }
    self.limits = limits
    self.multi = multi
    waiting = WaitingJobs(transfersMax: limits.transfersMax)
    onex_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, limits.idleConnectionsMax)
    start()
  }

  func nextID() -> UInt64 { ids.add(1, ordering: .relaxed).newValue }

  func submit(_ job: CurlJob) {
    let accepted = mail.withLock { mail in
      guard !mail.isStopping, mail.pending < limits.transfersMax + limits.waitingMax else { return false }
      mail.pending += 1
      mail.submitted.append(job)
      return true
    }
    guard accepted else {
      let message = "\(limits.transfersMax) requests are being sent and \(limits.waitingMax) wait; no more can"
      job.fail(.connectionFailed, message)
      return
    }
    curl_multi_wakeup(multi)
  }

  /// Ends the job if it has not ended; one that is unknown has.
  func cancel(_ id: UInt64) {
    mail.withLock { $0.cancelled.append(id) }
    curl_multi_wakeup(multi)
  }

  /// Ends the thread and waits for it, which takes no longer than closing the connections.
  func stop() {
    mail.withLock { $0.isStopping = true }
    curl_multi_wakeup(multi)
    pthread_join(thread, nil)
  }

  private func start() {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 1 << 20)
    let status = pthread_create(
      &thread, &attributes,
      { pointer in
        guard let pointer else { return nil }
        Unmanaged<CurlLoop>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "a thread for HTTP requests cannot be made: error \(status)")
  }

  private func run() {
    while readMail() {
      dropExpired()
      admit()
      var running: Int32 = 0
      curl_multi_perform(multi, &running)
      let ended = reap()
      // A transfer that has ended may make room for a job that waits.
      if ended > 0 { continue }
      curl_multi_poll(multi, nil, 0, pollTimeout(), nil)
    }
    for transfer in active.values { end(transfer, .failure(CurlLoop.stopped)) }
    for job in waiting.removeAll() { job.continuation.resume(returning: .failure(CurlLoop.stopped)) }
    curl_multi_cleanup(multi)
  }

  private static let stopped = HTTPClientError(.cancelled, "the HTTP client was closed")
  private static let cancelled = HTTPClientError(.cancelled, "the request was cancelled")

  /// - Returns: false when the thread shall end.
  private func readMail() -> Bool {
    let (submitted, cancelled, isStopping) = mail.withLock { mail in
      defer { (mail.submitted, mail.cancelled) = ([], []) }
      return (mail.submitted, mail.cancelled, mail.isStopping)
    }
    for job in submitted { waiting.append(job) }
    for id in cancelled {
      if let job = waiting.remove(id) {
        answer(job, .failure(CurlLoop.cancelled))
      } else if let transfer = handles[id].flatMap({ active[$0] }) {
        end(transfer, .failure(CurlLoop.cancelled))
      }
    }
    return !isStopping
  }

  private func dropExpired() {
    for job in waiting.removeExpired() {
      mail.withLock { $0.pending -= 1 }
      job.timedOut()
    }
  }

  private func admit() {
    while let job = waiting.popFirst() {
      guard let transfer = CurlTransfer(job, connectTimeout: limits.connectTimeout) else {
        waiting.finished(job)
        answer(job, .failure(HTTPClientError(.protocolError, "libcurl could not prepare a request to \(job.url.origin)")))
        continue
      }
      guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
        waiting.finished(job)
        answer(job, .failure(HTTPClientError(.protocolError, "libcurl could not begin a request to \(job.url.origin)")))
        continue
      }
      active[transfer.easy] = transfer
      handles[job.id] = transfer.easy
    }
  }

  private func reap() -> Int {
    var count = 0
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE, let transfer = active[message.pointee.easy_handle] else { continue }
      end(transfer, transfer.outcome(message.pointee.data.result))
      count += 1
    }
    return count
  }

  private func end(_ transfer: CurlTransfer, _ outcome: CurlOutcome) {
    curl_multi_remove_handle(multi, transfer.easy)
    active[transfer.easy] = nil
    handles[transfer.job.id] = nil
    waiting.finished(transfer.job)
    answer(transfer.job, outcome)
  }

  private func answer(_ job: CurlJob, _ outcome: CurlOutcome) {
    mail.withLock { $0.pending -= 1 }
    job.continuation.resume(returning: outcome)
  }

  private func pollTimeout() -> Int32 {
    let nearest = waiting.nearestDeadline.map { $0 - .now } ?? CurlLoop.pollMax
    return Int32(max(min(nearest, CurlLoop.pollMax).milliseconds.rounded(.up), 0))
  }
}

/// Jobs that wait for a transfer: in order of arrival within an origin, between origins in turn, and half of the transfers at most
/// for one origin. The loop looks at them at every event of every transfer, so that all but the rare search for expired ones is
/// constant time.
struct WaitingJobs {
  private var jobs: [UInt64: CurlJob] = [:]
  /// Numbers of jobs, of which those that were removed are not in `jobs`.
  private var queue: BulkheadQueue<UInt64>
  private var removed = 0
  /// No job's deadline is earlier. Removed jobs may leave it too early, which costs one search.
  private(set) var nearestDeadline: ContinuousClock.Instant?

  init(transfersMax: Int) { queue = BulkheadQueue(placesMax: transfersMax, sharesHandlers: false) }

  mutating func append(_ job: CurlJob) {
    jobs[job.id] = job
    queue.add(job.id, WaitingJobs.bulkhead(job))
    nearestDeadline = nearestDeadline.map { min($0, job.deadline) } ?? job.deadline
  }

  /// The next job that gets a transfer; followed by `finished`.
  mutating func popFirst() -> CurlJob? {
    while let (id, bulkhead) = queue.next() {
      if let job = jobs.removeValue(forKey: id) {
        if jobs.isEmpty { nearestDeadline = nil }
        return job
      }
      removed -= 1
      queue.finished(bulkhead)
    }
    return nil
  }

  mutating func finished(_ job: CurlJob) { queue.finished(WaitingJobs.bulkhead(job)) }

  mutating func remove(_ id: UInt64) -> CurlJob? {
    guard let job = jobs.removeValue(forKey: id) else { return nil }
    forget(1)
    return job
  }

  /// Takes out the jobs whose time is up; a search only when one may be.
  mutating func removeExpired() -> [CurlJob] {
    let now = ContinuousClock.now
    guard let nearest = nearestDeadline, nearest <= now else { return [] }
    let expired = jobs.values.filter { $0.deadline <= now }
    for job in expired { jobs[job.id] = nil }
    nearestDeadline = jobs.values.map(\.deadline).min()
    forget(expired.count)
    return expired
  }

  /// All jobs that wait, whatever their share.
  mutating func removeAll() -> [CurlJob] {
    defer { jobs = [:] }
    return Array(jobs.values)
  }

  private mutating func forget(_ count: Int) {
    removed += count
    guard removed > 64, removed > jobs.count else { return }
    let jobs = jobs
    queue.removeReady { jobs[$0] == nil }
    removed = 0
  }

  private static func bulkhead(_ job: CurlJob) -> Bulkhead { Bulkhead(handler: "", target: Bytes(job.url.origin)) }
}
