/// The release this was built as; a container may say more with `RUNTIME_VERSION`.
public enum BuildVersion {
  public static let current = "0.1.0"
}
