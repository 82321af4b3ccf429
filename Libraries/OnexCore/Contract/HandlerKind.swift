/// What kind of work a handler does, which decides where it runs.
public enum HandlerKind: String, Sendable, Hashable, CaseIterable {
  /// Talks to the outside world; runs in runtime-effects.
  case effect
  /// Pure work; runs in runtime-worker.
  case compute
  /// Folds events into state; runs in runtime-main.
  case reducer
  /// Decides what happens next; runs in runtime-main.
  case orchestrator
}
