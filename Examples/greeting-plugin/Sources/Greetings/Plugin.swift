import OnexPluginKit

let plugin = Plugin(module: "Greetings", version: "1.0.0", handlers: [Hello.self])

@_cdecl("onex_plugin_entry_v1")
public func entry() -> UnsafeRawPointer { plugin.descriptor }
