import COnexPlugin

/// Hands the runtime the end of one call.
struct PluginCompletion: Sendable {
  private let complete: onex_completion_v1
  /// The runtime's; an address to nobody here.
  private let context: UInt

  init(_ complete: @escaping onex_completion_v1, _ context: UInt) {
    self.complete = complete
    self.context = context
  }

  func succeed(_ payload: [UInt8]) {
    payload.withUnsafeBufferPointer { payload in
      var result = PluginCompletion.result(ONEX_SUCCESS_V1)
      result.payload = onex_bytes_v1(data: payload.baseAddress, count: payload.count)
      send(&result)
    }
  }

  func fail(_ error: PluginError) {
    PluginExport.withBytes(error.code) { code in
      PluginExport.withBytes(error.message) { message in
        error.details.withUnsafeBufferPointer { details in
          var result = PluginCompletion.result(ONEX_ERROR_V1)
          switch error.isRetriable {
          case true?: result.retriable = Int32(ONEX_RETRIABLE_YES_V1.rawValue)
          case false?: result.retriable = Int32(ONEX_RETRIABLE_NO_V1.rawValue)
          case nil: result.retriable = Int32(ONEX_RETRIABLE_BY_CODE_V1.rawValue)
          }
          result.error_code = code
          result.error_message = message
          result.error_details = onex_bytes_v1(data: details.baseAddress, count: details.count)
          send(&result)
        }
      }
    }
  }

  private func send(_ result: inout onex_result_v1) { complete(UnsafeMutableRawPointer(bitPattern: context), &result) }

  private static func result(_ status: onex_status_v1) -> onex_result_v1 {
    var result = onex_result_v1()
    result.struct_size = MemoryLayout<onex_result_v1>.size
    result.status = Int32(status.rawValue)
    return result
  }
}
