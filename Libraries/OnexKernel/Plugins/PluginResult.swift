import COnexPlugin
import OnexCore
import OnexJSON

/// Reads what a plug-in completed a call with. Everything is copied: the memory is the plug-in's.
enum PluginResult {
  /// Longer error texts are cut: they must fit into a response.
  static let textBytesMax = 16 << 10
  /// More than any role may answer (`ONEX_OUTPUT_BYTES_MAX`); a count beyond it is not believed and nothing of it is read.
  static let payloadBytesMax = 16 << 20

  static func read(_ pointer: UnsafePointer<onex_result_v1>?) -> Result<Bytes, HandlerError> {
    guard let pointer else { return .failure(HandlerError(.handlerFailed, "the plug-in completed the request without a result")) }
    guard pointer.pointee.struct_size >= MemoryLayout<onex_result_v1>.size else {
      return .failure(HandlerError(.handlerFailed, "the plug-in's result has struct_size \(pointer.pointee.struct_size)"))
    }
    let result = pointer.pointee
    switch onex_status_v1(UInt32(bitPattern: result.status)) {
    case ONEX_SUCCESS_V1 where !(0...payloadBytesMax).contains(result.payload.count):
      return .failure(
        HandlerError(
          .outputTooLarge,
          "the plug-in's payload has \(UInt(bitPattern: result.payload.count)) bytes; at most \(payloadBytesMax) are read"))
    case ONEX_SUCCESS_V1: return .success(Bytes(copying: result.payload.buffer))
    case ONEX_ERROR_V1: return .failure(error(result))
    default: return .failure(HandlerError(.handlerFailed, "the plug-in's result has the unknown status \(result.status)"))
    }
  }

  private static func error(_ result: onex_result_v1) -> HandlerError {
    let name = text(result.error_code)
    let code = ErrorCode(rawValue: name)
    var message = text(result.error_message)
    if message.isEmpty { message = "the plug-in gave no message" }
    if code == nil, !name.isEmpty { message = "\(name): \(message)" }
    let isRetriable: Bool? =
      switch onex_retriable_v1(UInt32(bitPattern: result.retriable)) {
      case ONEX_RETRIABLE_YES_V1: true
      case ONEX_RETRIABLE_NO_V1: false
      default: nil
      }
    return HandlerError(code ?? .handlerFailed, message, details: details(result.error_details), isRetriable: isRetriable)
  }

  /// What is no JSON is kept as text: it may be all that helps whoever looks for the cause.
  private static func details(_ bytes: onex_bytes_v1) -> JSONValue? {
    let buffer = bytes.buffer
    guard buffer.count > 0 else { return nil }
    if buffer.count <= textBytesMax, let value = try? JSONValue.parse(Bytes(copying: buffer)) { return value }
    return .string(text(bytes))
  }

  private static func text(_ bytes: onex_bytes_v1) -> String {
    String(decoding: bytes.buffer.prefix(textBytesMax), as: UTF8.self)
  }
}

extension onex_bytes_v1 {
  /// No bytes when `data` is NULL, whatever `count` says, and none when `count` is beyond what memory can hold.
  var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: data, count: data == nil || count < 0 ? 0 : count) }
}
