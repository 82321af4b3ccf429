import OnexCore
import Synchronization

/// One request that a plug-in works on. Keeps its handler alive until the plug-in has completed it.
final class PluginCall: Sendable {
  private struct State {
    var call = PluginCallState()
    var continuation: CheckedContinuation<Bytes, any Error>?
  }

  let handler: PluginHandler
  private let state = Mutex(State())

  init(_ handler: PluginHandler) { self.handler = handler }

  /// - Returns: false when the call was cancelled before it began; the continuation has then been resumed.
  func begin(_ continuation: CheckedContinuation<Bytes, any Error>) -> Bool {
    let isCancelled = state.withLock { state in
      if !state.call.isCancelled { state.continuation = continuation }
      return state.call.isCancelled
    }
    if isCancelled { continuation.resume(throwing: CancellationError()) }
    return !isCancelled
  }

  func started(_ handle: UnsafeMutableRawPointer?) {
    carryOut(state.withLock { $0.call.started(UInt(bitPattern: handle)) })
  }

  func complete(_ result: Result<Bytes, HandlerError>) {
    let (step, continuation) = state.withLock { ($0.call.completed(), $0.continuation.take()) }
    // The handle first: whoever waits for the result may look at the plug-in next.
    carryOut(step)
    continuation?.resume(with: result.mapError { $0 as any Error })
  }

  func cancel() {
    let (step, continuation) = state.withLock { ($0.call.cancelled(), $0.continuation.take()) }
    carryOut(step)
    continuation?.resume(throwing: CancellationError())
  }

  private func carryOut(_ step: PluginCallState.Step) {
    switch step {
    case .nothing: break
    case .cancel(let handle):
      handler.cancel(handle)
      carryOut(state.withLock { $0.call.cancelReturned() })
    case .release(let handle): handler.release(handle)
    }
  }
}
