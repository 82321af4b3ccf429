import Testing

@testable import OnexKernel

/// `start`, completion and cancellation in every order that three threads can bring them in.
struct PluginCallStateTests {
  private enum Event: CaseIterable { case started, completed, cancelled }

  private static let orders: [[Event]] = [
    [.started, .completed, .cancelled], [.started, .cancelled, .completed], [.completed, .started, .cancelled],
    [.completed, .cancelled, .started], [.cancelled, .started, .completed], [.cancelled, .completed, .started],
  ]

  @Test func everyHandleIsReleasedOnceAndNeverCancelledAfterwards() {
    for order in PluginCallStateTests.orders {
      // The completion may come while the plug-in is still inside cancel.
      for completesInsideCancel in [false, true] {
        let steps = PluginCallStateTests.run(order, completesInsideCancel)
        #expect(steps.filter { $0 == .release(7) }.count == 1, "\(order): \(steps)")
        #expect(steps.last == .release(7), "\(order): \(steps)")
        #expect(steps.filter { $0 == .cancel(7) }.count <= 1, "\(order): \(steps)")
      }
    }
  }

  @Test func aCallThatIsCancelledBeforeItEndsReachesThePlugin() {
    #expect(PluginCallStateTests.run([.started, .cancelled, .completed], false) == [.cancel(7), .release(7)])
    #expect(PluginCallStateTests.run([.cancelled, .started, .completed], false) == [.cancel(7), .release(7)])
  }

  @Test func aCallThatHasEndedIsNotCancelled() {
    #expect(PluginCallStateTests.run([.started, .completed, .cancelled], false) == [.release(7)])
    #expect(PluginCallStateTests.run([.completed, .cancelled, .started], false) == [.release(7)])
  }

  @Test func withoutAHandleThereIsNothingToCancelOrRelease() {
    for order in PluginCallStateTests.orders {
      #expect(PluginCallStateTests.run(order, false, handle: 0).isEmpty, "\(order)")
    }
  }

  @Test func aSecondCancellationIsNothing() {
    var state = PluginCallState()
    #expect(state.started(7) == .nothing)
    #expect(state.cancelled() == .cancel(7))
    #expect(state.cancelReturned() == .nothing)
    #expect(state.cancelled() == .nothing)
  }

  private static func run(_ order: [Event], _ completesInsideCancel: Bool, handle: UInt = 7) -> [PluginCallState.Step] {
    var state = PluginCallState()
    var steps: [PluginCallState.Step] = []
    var pending = order[...]
    func take(_ step: PluginCallState.Step) {
      guard step != .nothing else { return }
      steps.append(step)
      guard case .cancel = step else { return }
      if completesInsideCancel, let index = pending.firstIndex(of: .completed) {
        pending.remove(at: index)
        take(state.completed())
      }
      take(state.cancelReturned())
    }
    while let event = pending.popFirst() {
      switch event {
      case .started: take(state.started(handle))
      case .completed: take(state.completed())
      case .cancelled: take(state.cancelled())
      }
    }
    return steps
  }
}
