/// What happens to a request whose handler may already have run when the process died.
public enum DeliveryMode: String, Sendable, Hashable, CaseIterable {
  /// It runs again, with the same idempotency key.
  case atLeastOnce = "at_least_once"
  /// It is answered `INDETERMINATE` and never runs again.
  case atMostOnce = "at_most_once"
}
