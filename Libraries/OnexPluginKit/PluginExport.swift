import COnexPlugin

/// The C functions behind a handler type. Objects cross as retained pointers: the context of a type, an instance, a call.
enum PluginExport {
  private final class TypeContext: Sendable {
    let type: any PluginHandler.Type
    let threads: PluginThreads

    init(_ type: any PluginHandler.Type, _ threads: PluginThreads) {
      self.type = type
      self.threads = threads
    }
  }

  private final class Instance: Sendable {
    let handler: any PluginHandler
    let threads: PluginThreads

    init(_ handler: any PluginHandler, _ threads: PluginThreads) {
      self.handler = handler
      self.threads = threads
    }
  }

  static func handler(_ type: any PluginHandler.Type, _ threads: PluginThreads) -> onex_handler_v1 {
    onex_handler_v1(
      struct_size: MemoryLayout<onex_handler_v1>.size, type_name: text(type.typeName),
      context: Unmanaged.passRetained(TypeContext(type, threads)).toOpaque(),
      create: create,
      destroy: { instance in
        guard let instance else { return }
        Unmanaged<Instance>.fromOpaque(instance).release()
      },
      start: start,
      cancel: { _, call in
        guard let call else { return }
        Unmanaged<PluginCall>.fromOpaque(call).takeUnretainedValue().cancel()
      },
      release: { _, call in
        guard let call else { return }
        Unmanaged<PluginCall>.fromOpaque(call).release()
      })
  }

  /// A NUL-terminated copy that is never freed.
  static func text(_ text: String) -> UnsafePointer<CChar> {
    let utf8 = text.utf8CString
    let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: utf8.count)
    _ = copy.initialize(from: utf8)
    return UnsafePointer(copy.baseAddress ?? UnsafeMutablePointer.allocate(capacity: 1))
  }

  private static let create:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<onex_setup_v1>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
      onex_report_v1?, UnsafeMutableRawPointer?
    ) -> Int32 = { context, setup, instance, report, reportContext in
      guard let context, let setup else { return 1 }
      let type = Unmanaged<TypeContext>.fromOpaque(context).takeUnretainedValue()
      do {
        let handler = try type.type.init(PluginContract(json: setup.pointee.contract.array))
        instance?.pointee = Unmanaged.passRetained(Instance(handler, type.threads)).toOpaque()
        return 0
      } catch {
        withBytes("\(error)") { report?(reportContext, $0) }
        return 1
      }
    }

  private static let start:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<onex_request_v1>?, onex_completion_v1?, UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? = { instance, request, complete, context in
      guard let instance, let request, let complete else { return nil }
      let target = Unmanaged<Instance>.fromOpaque(instance).takeUnretainedValue()
      let call = PluginCall(
        target.handler, PluginRequest(copying: request.pointee), target.threads,
        PluginCompletion(complete, UInt(bitPattern: context)))
      return Unmanaged.passRetained(call).toOpaque()
    }

  /// Lends `text` for the duration of `body`.
  static func withBytes(_ text: String, _ body: (onex_bytes_v1) -> Void) {
    var text = text
    text.withUTF8 { body(onex_bytes_v1(data: $0.baseAddress, count: $0.count)) }
  }
}
