import COnexPlugin
import OnexCore

/// What a plug-in offers for one type of handler, checked to be complete.
///
/// `context` belongs to the plug-in, whose functions may be called from any thread: that is what makes this `Sendable`.
struct PluginFunctions: @unchecked Sendable {
  let type: String
  let context: UnsafeMutableRawPointer?
  let create:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<onex_setup_v1>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
      onex_report_v1?, UnsafeMutableRawPointer?
    ) -> Int32
  let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void
  let start:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<onex_request_v1>?, onex_completion_v1?, UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer?
  let cancel: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void
  let release: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void

  init(_ handler: onex_handler_v1, type: String) throws(HandlerLoadError) {
    guard let create = handler.create, let destroy = handler.destroy, let start = handler.start, let cancel = handler.cancel,
      let release = handler.release
    else {
      throw HandlerLoadError(
        .importError, "the handler \(type) lacks a function; create, destroy, start, cancel and release are all needed")
    }
    self.type = type
    context = handler.context
    self.create = create
    self.destroy = destroy
    self.start = start
    self.cancel = cancel
    self.release = release
  }
}
