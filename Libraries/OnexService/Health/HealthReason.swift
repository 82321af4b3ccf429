import OnexCore

/// Why a service is not healthy or not ready. Being idle is never one.
public struct HealthReason: Sendable, Equatable {
  /// Upper case, stable: what alerts and runbooks refer to.
  public let code: String
  /// When it began; updates do not change it.
  public let since: Timestamp
  public let message: String
  /// A path inside the repository.
  public let runbook: String
  public let blocksReadiness: Bool
}
