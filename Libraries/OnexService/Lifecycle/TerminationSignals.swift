import Glibc

/// SIGTERM and SIGINT, waited for by the main thread. No signal handler runs anywhere: what a handler may do is too little
/// (signal-safety(7)), and a thread that waits needs no such care.
struct TerminationSignals {
  private static let watched = [SIGTERM, SIGINT]

  private var set = sigset_t()

  /// Keeps the signals back in this thread and in every thread that it starts: call it before the first. A write to a closed
  /// connection becomes an error of that write instead of the end of the process.
  init() {
    sigemptyset(&set)
    for number in TerminationSignals.watched { sigaddset(&set, number) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Waits for the next one; returns its name.
  mutating func next() -> String {
    var number: Int32 = 0
    while sigwait(&set, &number) != 0 {}
    return TerminationSignals.name(number)
  }

  /// As `next()`, for at most `limit`; `nil` when none came.
  mutating func next(within limit: Duration) -> String? {
    var wait = timespec(tv_sec: Int(limit.components.seconds), tv_nsec: Int(limit.components.attoseconds / 1_000_000_000))
    let number = sigtimedwait(&set, nil, &wait)
    return number > 0 ? TerminationSignals.name(number) : nil
  }

  private static func name(_ number: Int32) -> String { number == SIGTERM ? "SIGTERM" : "SIGINT" }
}
