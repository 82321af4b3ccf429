import Glibc
import OnexCore

/// The processor time that one record may take, and whether it is used up. One record's decoder uses it; not for several threads.
///
/// Time of the processor and not of the clock: a machine that is busy elsewhere is not the record's fault.
final class DecodingBudget {
  /// Work between two looks at the clock, in bytes and members.
  private static let stride = 64 << 10

  private let limit: Duration
  private let spent: () -> Duration
  private let started: Duration
  private var workUntilLook = DecodingBudget.stride

  /// - Parameter spent: the processor time of this thread; tests bring their own.
  init(_ limit: Duration, spent: @escaping () -> Duration = DecodingBudget.threadTime) {
    self.limit = limit
    self.spent = spent
    started = spent()
  }

  /// Called before work of about so many bytes or members.
  ///
  /// - Throws: when the time is used up, then at every call.
  func check(_ work: Int) throws(FieldProblem) {
    workUntilLook -= min(work, DecodingBudget.stride) + 1
    guard workUntilLook < 0 else { return }
    // Once over, over: no look is skipped any more.
    guard spent() - started <= limit else {
      throw FieldProblem(
        cause: .tooSlow, message: "the event took more than \(limit) of processor time to be read and redacted")
    }
    workUntilLook = DecodingBudget.stride
  }

  static func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
