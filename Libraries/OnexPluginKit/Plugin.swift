import COnexPlugin

/// What a plug-in offers to the runtime that loads it.
///
///     let plugin = Plugin(module: "Greetings", version: "1.0.0", handlers: [Hello.self])
///
///     @_cdecl("onex_plugin_entry_v1")
///     public func entry() -> UnsafeRawPointer { plugin.descriptor }
///
/// Everything behind it lives as long as the process, as the interface asks: make one and keep it in a global.
public struct Plugin: @unchecked Sendable {
  /// The `onex_plugin_v1` that the entry point returns.
  public let descriptor: UnsafeRawPointer

  /// - Parameters:
  ///   - module: the part of `handler_class` before the first dot. Name the library `lib<module>.so`, so that the runtime can
  ///     tell which handlers are missing even when it cannot load it.
  ///   - version: for people.
  ///   - handlers: the types; each is named by its `typeName`.
  ///   - threadCount: threads that handlers run on. They may block; more requests than that then wait for each other.
  public init(module: String, version: String, handlers: [any PluginHandler.Type], threadCount: Int = 4) {
    let threads = PluginThreads(count: threadCount)
    let list = UnsafeMutablePointer<UnsafePointer<onex_handler_v1>?>.allocate(capacity: max(handlers.count, 1))
    for (index, type) in handlers.enumerated() {
      let handler = UnsafeMutablePointer<onex_handler_v1>.allocate(capacity: 1)
      handler.initialize(to: PluginExport.handler(type, threads))
      (list + index).initialize(to: UnsafePointer(handler))
    }
    let plugin = UnsafeMutablePointer<onex_plugin_v1>.allocate(capacity: 1)
    plugin.initialize(
      to: onex_plugin_v1(
        abi_version: UInt32(ONEX_PLUGIN_ABI_VERSION), reserved: 0, struct_size: MemoryLayout<onex_plugin_v1>.size,
        module: PluginExport.text(module), version: PluginExport.text(version), handler_count: handlers.count,
        handlers: UnsafePointer(list)))
    descriptor = UnsafeRawPointer(plugin)
  }
}
