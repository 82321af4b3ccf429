import OnexCore

/// Runs a service as this process.
public enum ServiceHost {
  /// Never returns. `main.swift` of a service is this one call.
  public static func main<S: Service>(_ service: S.Type) -> Never {
    fatalError()
  }
}
