/// One request that a handler works on; the runtime holds it as the handle that it may cancel.
final class PluginCall: Sendable {
  private let task: Task<Void, Never>

  init(
    _ handler: any PluginHandler, _ request: PluginRequest, _ threads: PluginThreads, _ completion: PluginCompletion
  ) {
    // The call begins in C and ends in C: there is no task that could be the parent of this one.
    task = Task(executorPreference: threads) {
      do {
        completion.succeed(try await handler.handle(request))
      } catch {
        completion.fail(PluginError(error))
      }
    }
  }

  func cancel() { task.cancel() }
}
