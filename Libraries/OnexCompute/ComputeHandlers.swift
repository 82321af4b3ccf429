import OnexKernel

/// The compute handlers that come with the runtime; an executable hands them to the registry.
public enum ComputeHandlers {
  public static let all: [any Handler.Type] = [
    EchoHandler.self, TransformHandler.self, AggregateHandler.self, HashHandler.self,
  ]
}
