/// Does the work behind a contract whose `handler_class` is `<plug-in's module>.<typeName>`.
///
/// One instance serves all requests of its contract, several at once up to the contract's `max_concurrency`.
public protocol PluginHandler: Sendable {
  /// The default is the Swift type's own name without its module.
  static var typeName: String { get }

  /// Called once, before the first request. Throwing marks the handler as failed (`IMPORT_ERROR`) with the error's description.
  init(_ contract: PluginContract) throws

  /// Answers a request whose payload has passed the contract's input schema. Runs on the plug-in's own threads.
  ///
  /// The task is cancelled when the request's time is up; what it returns then is dropped.
  ///
  /// - Returns: a JSON object.
  /// - Throws: `PluginError` to choose the code and whether a retry may help; anything else becomes `HANDLER_FAILED`.
  func handle(_ request: PluginRequest) async throws -> [UInt8]
}

extension PluginHandler {
  public static var typeName: String {
    let full = String(reflecting: self)
    return full.firstIndex(of: ".").map { String(full[full.index(after: $0)...]) } ?? full
  }
}
