import OnexCore
import OnexJSON
import OnexKernel

/// `hash.sha256`, `hash.sha512`, `hash.sha1`, `hash.md5` and `hash.crc32` of text or bytes.
public struct HashHandler: ComputeHandler {
  public static let isQuick = true

  public init(_ setup: HandlerSetup) {}

  public init() {}

  public func compute(_ request: HandlerRequest) throws -> Bytes {
    let name = request.operation.name
    guard name.hasPrefix("hash."), let algorithm = HashAlgorithm(rawValue: String(name.dropFirst("hash.".count))) else {
      throw HandlerError.unknownOperation(
        request.operation, known: HashAlgorithm.allCases.map { "hash.\($0.rawValue)" })
    }
    let input = try HashHandler.input(try request.json())
    let digest = try algorithm.digest(of: input)
    return JSONValue.object(
      JSONObject([
        ("hex", .string(Hexadecimal.text(digest))), ("algorithm", .string(algorithm.rawValue)), ("bytes", .integer(input.count)),
      ])
    ).encoded()
  }

  private static func input(_ payload: JSONValue) throws(HandlerError) -> Bytes {
    switch (payload["text"], payload["base64"]) {
    case (.string(let text)?, nil):
      return Bytes(text)
    case (nil, .string(let text)?):
      guard let bytes = Base64.decode(text) else {
        throw HandlerError.invalidPayload(
          at: JSONPointer(["base64"]), "is not base 64: the standard alphabet, padded with =, without white space")
      }
      return bytes
    case (let value?, nil):
      throw HandlerError.invalidPayload(at: JSONPointer(["text"]), value, expected: "a string")
    case (nil, let value?):
      throw HandlerError.invalidPayload(at: JSONPointer(["base64"]), value, expected: "a string")
    default:
      throw HandlerError.invalidPayload(at: JSONPointer(), "must have either \"text\" or \"base64\"")
    }
  }
}
