import OnexCore

/// Finds the type that a contract names in `handler_class`.
public struct HandlerRegistry: Sendable {
  private let modules: [any HandlerModule]

  /// - Parameters:
  ///   - linked: types linked into this executable; they win over a plug-in of the same module name.
  ///   - plugins: what was found in the plug-in directory.
  public init(linked: [any Handler.Type], plugins: [any HandlerModule] = []) {
    modules = LinkedModule.modules(linked) + plugins
  }

  public func make(_ name: HandlerClass, _ setup: HandlerSetup) throws(HandlerLoadError) -> any Handler {
    let (module, type) = (name.module, name.type)
    guard let found = modules.first(where: { $0.name == module }) else {
      let known = modules.map(\.name).joined(separator: ", ")
      throw HandlerLoadError(
        .moduleNotFound,
        "no module \(module) is linked into this service or found in ONEX_PLUGINS_DIR (known: \(known.isEmpty ? "none" : known))")
    }
    guard found.offers(type) else {
      let known = found.typeNames.joined(separator: ", ")
      throw HandlerLoadError(.classNotFound, "module \(module) has no handler \(type) (it has: \(known))")
    }
    return try found.make(type, setup)
  }
}
