/// The contract that a handler is made for.
public struct PluginContract: Sendable {
  /// A JSON object with the members of `handler_contract.yaml`, defaults filled in, without the schemas.
  public let json: [UInt8]

  public init(json: [UInt8]) { self.json = json }
}
