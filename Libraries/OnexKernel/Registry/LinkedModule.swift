import OnexCore

/// Handler types that are linked into the executable.
struct LinkedModule: HandlerModule {
  let name: String
  private let types: [String: any Handler.Type]

  /// The given types, one module each for all that share a module.
  static func modules(_ types: [any Handler.Type]) -> [LinkedModule] {
    var byModule: [String: [String: any Handler.Type]] = [:]
    for type in types {
      guard let name = HandlerClass(type.className) else { continue }
      byModule[name.module, default: [:]][name.type] = type
    }
    return byModule.map { LinkedModule(name: $0.key, types: $0.value) }.sorted { $0.name < $1.name }
  }

  var typeNames: [String] { types.keys.sorted() }

  func make(_ typeName: String, _ setup: HandlerSetup) throws(HandlerLoadError) -> any Handler {
    guard let type = types[typeName] else {
      throw HandlerLoadError(.classNotFound, "module \(name) has no type \(typeName)")
    }
    do {
      return try type.init(setup)
    } catch {
      throw HandlerLoadError(.importError, "\(name).\(typeName) could not be made: \(error)")
    }
  }
}
