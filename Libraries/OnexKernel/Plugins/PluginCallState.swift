/// Where one call of a plug-in stands: what may be asked of the plug-in next, and when its handle is to be freed.
///
/// `start`, the completion and a cancellation meet on three threads in any order. The rules of the interface hold in all of
/// them: `cancel` at most once and never after `release`; `release` once, after `start` has returned, the call has completed
/// and no `cancel` is running.
struct PluginCallState {
  /// What to do with the plug-in's handle (an address, 0 for none).
  enum Step: Equatable {
    case nothing
    case cancel(UInt)
    case release(UInt)
  }

  private(set) var isCompleted = false
  private(set) var isCancelled = false
  private var isCancelling = false
  private var handle: UInt?

  mutating func started(_ handle: UInt) -> Step {
    self.handle = handle
    if isCompleted { return released }
    return isCancelled ? cancelling : .nothing
  }

  mutating func completed() -> Step {
    isCompleted = true
    return isCancelling ? .nothing : released
  }

  mutating func cancelled() -> Step {
    guard !isCancelled else { return .nothing }
    isCancelled = true
    return isCompleted ? .nothing : cancelling
  }

  mutating func cancelReturned() -> Step {
    isCancelling = false
    return isCompleted ? released : .nothing
  }

  /// A handle that the plug-in has not given yet is cancelled when `start` returns.
  private var cancelling: Step {
    mutating get {
      guard let handle, handle != 0 else { return .nothing }
      isCancelling = true
      return .cancel(handle)
    }
  }

  private var released: Step {
    guard let handle, handle != 0 else { return .nothing }
    return .release(handle)
  }
}
