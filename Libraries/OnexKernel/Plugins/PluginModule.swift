import COnexPlugin
import Glibc
import OnexCore

/// The handlers of one loaded plug-in.
struct PluginModule: HandlerModule {
  /// More is taken for a descriptor that is not one.
  static let handlersMax = 1024

  let name: String
  let version: String
  let file: String
  private let types: [String: PluginFunctions]

  var typeNames: [String] { types.keys.sorted() }

  /// Loads the library and reads its descriptor.
  ///
  /// - Throws: `IMPORT_ERROR` when the library cannot be loaded or does not keep to the interface.
  init(file: String) throws(HandlerLoadError) {
    // Without a slash the loader would search its own path instead.
    let path = file.contains("/") ? file : "./" + file
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw HandlerLoadError(.importError, dlerror().map { String(cString: $0) } ?? "dlopen failed")
    }
    guard let symbol = dlsym(library, "onex_plugin_entry_v1") else {
      throw HandlerLoadError(.importError, "the library does not export onex_plugin_entry_v1: it is no plug-in for version 1")
    }
    typealias Entry = @convention(c) () -> UnsafePointer<onex_plugin_v1>?
    guard let descriptor = unsafeBitCast(symbol, to: Entry.self)() else {
      throw HandlerLoadError(.importError, "onex_plugin_entry_v1 returned NULL")
    }
    try self.init(file: file, descriptor: descriptor)
  }

  private init(file: String, descriptor: UnsafePointer<onex_plugin_v1>) throws(HandlerLoadError) {
    let abi = Int(descriptor.pointee.abi_version)
    guard abi == ONEX_PLUGIN_ABI_VERSION else {
      throw HandlerLoadError(
        .importError, "built for plug-in interface version \(abi); this runtime speaks version \(ONEX_PLUGIN_ABI_VERSION)")
    }
    try PluginModule.check(descriptor.pointee.struct_size, of: onex_plugin_v1.self)
    let plugin = descriptor.pointee
    guard let module = plugin.module.map({ String(cString: $0) }), HandlerClass("\(module).T")?.type == "T" else {
      throw HandlerLoadError(.importError, "the descriptor's module is no identifier")
    }
    guard (1...PluginModule.handlersMax).contains(plugin.handler_count), let handlers = plugin.handlers else {
      throw HandlerLoadError(
        .importError, "the descriptor names \(plugin.handler_count) handlers; 1 to \(PluginModule.handlersMax) are allowed")
    }
    name = module
    version = plugin.version.map { String(cString: $0) } ?? ""
    self.file = file
    var types: [String: PluginFunctions] = [:]
    for index in 0..<plugin.handler_count {
      guard let handler = handlers[index] else { throw HandlerLoadError(.importError, "handler \(index) is NULL") }
      try PluginModule.check(handler.pointee.struct_size, of: onex_handler_v1.self)
      guard let type = handler.pointee.type_name.map({ String(cString: $0) }), HandlerClass("\(module).\(type)") != nil else {
        throw HandlerLoadError(.importError, "the type name of handler \(index) is no Swift type name")
      }
      guard types.updateValue(try PluginFunctions(handler.pointee, type: type), forKey: type) == nil else {
        throw HandlerLoadError(.importError, "two handlers are called \(type)")
      }
    }
    self.types = types
  }

  func make(_ typeName: String, _ setup: HandlerSetup) throws(HandlerLoadError) -> any Handler {
    guard let functions = types[typeName] else {
      throw HandlerLoadError(.classNotFound, "module \(name) has no handler \(typeName)")
    }
    do throws(HandlerLoadError) {
      return try PluginHandler(functions, setup)
    } catch {
      throw HandlerLoadError(error.code, "\(name).\(typeName) in \(file) could not be made: \(error.message)")
    }
  }

  /// A structure may be longer than this runtime knows, never shorter than version 1 began.
  private static func check<T>(_ size: Int, of type: T.Type) throws(HandlerLoadError) {
    guard size < MemoryLayout<T>.size else { return }
    throw HandlerLoadError(
      .importError, "\(type) has struct_size \(size); version 1 has at least \(MemoryLayout<T>.size)")
  }
}
