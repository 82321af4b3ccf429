/// Which operations a handler answers.
public enum HandledOperations: Sendable {
  /// Exactly these.
  case listed([OperationContract])
  /// Every operation whose part before the first dot is this, for a contract that lists none.
  case prefix(String)

  /// The prefix that a handler is registered under when its contract lists no operations: its name without a leading `handler_`
  /// or a trailing `_handler`, so that every process derives the same one from the contract alone.
  public static func registeredPrefix(ofHandler name: String) -> String {
    if name.hasPrefix("handler_") { return String(name.dropFirst("handler_".count)) }
    if name.hasSuffix("_handler") { return String(name.dropLast("_handler".count)) }
    return name
  }
}
