import OnexCore

/// Why a service is not healthy or not ready. Being idle is never one.
public struct HealthReason: Sendable, Equatable {
  /// Upper case, stable: what alerts and runbooks refer to.
  public let code: String
  /// When it began; updates do not change it.
  public let since: Timestamp
  public let message: String
  public let blocksReadiness: Bool

  /// Every code has its section on one page, so that whoever is woken up follows one link.
  ///
  /// - Parameter base: the folder of the runbooks, an address or a place inside the repository.
  public func runbook(in base: String) -> String { "\(base)/alerts.md#\(code.lowercased())" }
}
