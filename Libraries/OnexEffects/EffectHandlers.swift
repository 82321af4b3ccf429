import OnexKernel

/// The effect handlers that come with the runtime; an executable hands them to the registry.
public enum EffectHandlers {
  public static let all: [any Handler.Type] = [HTTPHandler.self, FilesystemHandler.self]
}
