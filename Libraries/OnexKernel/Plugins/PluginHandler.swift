import COnexPlugin
import OnexCore
import Synchronization

/// A plug-in's handler as the kernel runs it: `start`, completion and `cancel` become one asynchronous call.
///
/// The instance is the plug-in's, which allows calls from any thread: that is what makes the unchecked conformance sound.
final class PluginHandler: Handler, @unchecked Sendable {
  static var className: String { "OnexKernel.PluginHandler" }

  private let functions: PluginFunctions
  private let instance: UnsafeMutableRawPointer?
  private let calls: PluginCalls
  private let lane: UInt
  private let logger: Logger

  /// A plug-in's handler is made by its module, which knows the functions.
  init(_ setup: HandlerSetup) throws {
    throw HandlerLoadError(.classNotFound, "no contract can name \(PluginHandler.className); name the plug-in's own module")
  }

  /// - Throws: `IMPORT_ERROR` with the plug-in's words when it cannot make an instance for the contract.
  init(_ functions: PluginFunctions, _ setup: HandlerSetup) throws(HandlerLoadError) {
    guard let lane = PluginTokens.lane() else {
      throw HandlerLoadError(.importError, "\(PluginTokens.lanesMax) handlers were made in this process, which is all")
    }
    self.functions = functions
    self.lane = lane
    instance = try PluginHandler.create(functions, PluginContract.json(setup.contract))
    calls = PluginCalls(lane: lane)
    logger = setup.logger
    PluginTokens.register(self, lane: lane)
  }

  /// Open calls hold their handler, so that none is under way here.
  deinit {
    PluginTokens.forget(lane: lane)
    functions.destroy(instance)
  }

  func handle(_ request: HandlerRequest) async throws -> Bytes {
    let call = PluginCall(self)
    guard let token = calls.open(call) else {
      throw HandlerError(
        .handlerUnavailable,
        "\(PluginCalls.abandonedMax) requests were given up and the plug-in has not ended them; the process must be restarted")
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard call.begin(continuation) else {
          _ = calls.close(token)
          return
        }
        call.started(start(request, token))
      }
    } onCancel: {
      // Marked first: the plug-in may complete the call from inside cancel.
      calls.abandon(token)
      call.cancel()
    }
  }

  func cancel(_ handle: UInt) { functions.cancel(instance, UnsafeMutableRawPointer(bitPattern: handle)) }

  func release(_ handle: UInt) { functions.release(instance, UnsafeMutableRawPointer(bitPattern: handle)) }

  private func start(_ request: HandlerRequest, _ token: UInt) -> UnsafeMutableRawPointer? {
    // Three of these are short and made for the call alone; the payload is handed over where it lies.
    let envelopeID = Bytes(request.envelopeID.description)
    let correlationID = Bytes(request.correlationID.description)
    let (operation, key) = (Bytes(request.operation.name), Bytes(request.idempotencyKey))
    var raw = onex_request_v1(
      struct_size: MemoryLayout<onex_request_v1>.size, operation: operation.borrowed, payload: request.payload.borrowed,
      envelope_id: envelopeID.borrowed, correlation_id: correlationID.borrowed, idempotency_key: key.borrowed,
      timeout_ms: max(1, request.timeout.microseconds / 1000), deadline_us: request.deadline?.microseconds ?? 0,
      attempt: Int32(clamping: request.attempt))
    return withExtendedLifetime((operation, request.payload, envelopeID, correlationID, key)) {
      functions.start(instance, &raw, PluginHandler.complete, UnsafeMutableRawPointer(bitPattern: token))
    }
  }

  private static let complete: onex_completion_v1 = { context, result in
    let token = UInt(bitPattern: context)
    guard let handler = PluginTokens.handler(of: token) else { return }
    guard let call = handler.calls.close(token) else { return handler.reportUnexpected() }
    call.complete(PluginResult.read(result))
  }

  /// A plug-in with this defect has it in every call: powers of two are enough lines.
  private func reportUnexpected() {
    let count = calls.unexpected()
    guard count & (count - 1) == 0 else { return }
    logger.error(
      "plug-in completed a request twice", ["type": .string(functions.type), "completions_ignored": .integer(count)])
  }

  private static func create(
    _ functions: PluginFunctions, _ contract: Bytes
  ) throws(HandlerLoadError) -> UnsafeMutableRawPointer? {
    var setup = onex_setup_v1(struct_size: MemoryLayout<onex_setup_v1>.size, contract: contract.borrowed)
    var instance: UnsafeMutableRawPointer?
    var reason = ""
    let status = withExtendedLifetime(contract) {
      withUnsafeMutablePointer(to: &reason) { reason in
        functions.create(
          functions.context, &setup, &instance,
          { context, message in
            context?.assumingMemoryBound(to: String.self).pointee = String(
              decoding: message.buffer.prefix(PluginResult.textBytesMax), as: UTF8.self)
          }, reason)
      }
    }
    guard status == 0 else {
      throw HandlerLoadError(.importError, reason.isEmpty ? "create returned \(status) without a reason" : reason)
    }
    return instance
  }
}

extension Bytes {
  /// Valid for as long as this value is kept alive.
  fileprivate var borrowed: onex_bytes_v1 {
    withUnsafeBytes { buffer in
      onex_bytes_v1(data: buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), count: buffer.count)
    }
  }
}
