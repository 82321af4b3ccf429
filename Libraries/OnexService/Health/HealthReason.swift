import OnexCore

/// Why a service is not healthy or not ready. Being idle is never one.
public struct HealthReason: Sendable, Equatable {
  /// Upper case, stable: what alerts and runbooks refer to.
  public let code: String
  /// When it began; updates do not change it.
  public let since: Timestamp
  public let message: String
  public let blocksReadiness: Bool

  /// A place inside the repository. Every code has its section on one page, so that whoever is woken up follows one link.
  public var runbook: String { "docs/operations/alerts.md#\(code.lowercased())" }
}
