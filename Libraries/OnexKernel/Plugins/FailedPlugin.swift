import OnexCore

/// Stands in for a plug-in file that could not be loaded: every contract that names its module gets the reason.
struct FailedPlugin: HandlerModule {
  let name: String
  private let error: HandlerLoadError

  /// What the file would have called its module is not known; by convention `lib<Module>.so` holds `Module`.
  init(file: String, error: HandlerLoadError) {
    name = FailedPlugin.moduleName(of: file)
    self.error = HandlerLoadError(error.code, "\(file): \(error.message)")
  }

  static func moduleName(of file: String) -> String {
    var name = file.split(separator: "/").last ?? ""
    if name.hasSuffix(".so") { name = name.dropLast(3) }
    if name.hasPrefix("lib") { name = name.dropFirst(3) }
    return String(name)
  }

  var typeNames: [String] { [] }

  /// Which types the file holds is not known, so that none can be called absent.
  func offers(_ typeName: String) -> Bool { true }

  func make(_ typeName: String, _ setup: HandlerSetup) throws(HandlerLoadError) -> any Handler { throw error }
}
