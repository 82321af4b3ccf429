/// Bounds of one lane.
public struct LaneLimits: Sendable {
  /// Records taken and not settled; more are left in the log.
  public var recordsMax: Int
  /// Their keys and values together.
  public var bytesMax: Int
  /// Handlers of this lane that run at once, each for another key. From four on, one handler gets three quarters of them and
  /// one target of it (an HTTP origin) half, so that a callee that does not answer leaves room for other work.
  public var concurrencyMax: Int

  public init(recordsMax: Int = 20_000, bytesMax: Int = 16 << 20, concurrencyMax: Int = 32) {
    precondition(recordsMax > 0 && bytesMax > 0 && concurrencyMax > 0, "a lane without room never moves")
    self.recordsMax = recordsMax
    self.bytesMax = bytesMax
    self.concurrencyMax = concurrencyMax
  }
}
