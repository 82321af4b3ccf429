import OnexCore
import OnexKernel

/// `compute.echo`: answers with the payload it was sent, byte for byte.
public struct EchoHandler: ComputeHandler {
  public static let isQuick = true

  public init(_ setup: HandlerSetup) {}

  public init() {}

  public func compute(_ request: HandlerRequest) -> Bytes { request.payload }
}
