import OnexKernel

/// The limit of an answer that a short input can make long. The runtime's own limit may be lower; this one stops the work.
enum OutputBound {
  static let bytesMax = 4 << 20

  /// - Parameter bytes: written so far.
  static func check(_ bytes: Int) throws(HandlerError) {
    guard bytes > bytesMax else { return }
    throw HandlerError(.outputTooLarge, "the answer is larger than \(bytesMax) bytes; send fewer elements")
  }
}
