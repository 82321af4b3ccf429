import Glibc
import OnexCore
import OnexJSON
import OnexKernel

/// `filesystem.read`, `write`, `list` and `delete` inside the contract's `allowed_paths` (docs/reference/handlers.md).
public struct FilesystemHandler: Handler {
  private static let operations = ["read", "write", "list", "delete"].map { "filesystem.\($0)" }

  private let allowed: AllowedPaths
  private let store: FileStore
  private let threads: FileThreads

  /// - Throws: when an allowed folder is there and cannot be trusted. One that is missing may come later.
  public init(_ setup: HandlerSetup) throws { try self.init(setup, opener: .system) }

  init(_ setup: HandlerSetup, opener: BeneathOpener) throws {
    allowed = AllowedPaths(setup.contract.security.allowedPaths, contractName: setup.contract.name)
    for folder in allowed.folders {
      do throws(SystemError) {
        _ = try BeneathOpener.openRoot(folder)
      } catch {
        guard error.code == ELOOP || error.code == EPERM else { continue }
        throw HandlerError(.handlerFailed, "security.allowed_paths: \(folder) \(BeneathOpener.rootProblem(error))")
      }
    }
    store = FileStore(opener: opener, ids: setup.ids)
    threads = FileThreads()
  }

  public func handle(_ request: HandlerRequest) async throws -> Bytes {
    guard FilesystemHandler.operations.contains(request.operation.name) else {
      throw HandlerError.unknownOperation(request.operation, known: FilesystemHandler.operations)
    }
    let payload = try PayloadReader(request)
    let place = try allowed.place(try payload.text("path"))
    switch request.operation.name {
    case "filesystem.read": return try await read(place, payload)
    case "filesystem.write": return try await write(place, payload)
    case "filesystem.list": return try await list(place)
    default: return try await delete(place)
    }
  }

  private enum Encoding: String {
    case utf8, base64

    init(_ payload: PayloadReader) throws(HandlerError) {
      guard let encoding = Encoding(rawValue: try payload.optionalText("encoding") ?? "utf8") else {
        throw HandlerError.invalidPayload(at: JSONPointer(["encoding"]), "must be utf8 or base64")
      }
      self = encoding
    }
  }

  private func read(_ place: AllowedPaths.Place, _ payload: PayloadReader) async throws -> Bytes {
    let encoding = try Encoding(payload)
    let content = try await threads.run { [store] in try store.read(place) }
    let text: String
    switch encoding {
    case .base64: text = Base64.encode(content)
    case .utf8:
      guard let valid = content.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
        throw HandlerError(
          .handlerFailed, "the file is not UTF-8; ask for \"encoding\": \"base64\"", details: ["reason": "not_utf8"])
      }
      text = valid
    }
    return answer([
      ("path", .string(place.path)), ("content", .string(text)), ("encoding", .string(encoding.rawValue)),
      ("bytes", .integer(content.count)),
    ])
  }

  private func write(_ place: AllowedPaths.Place, _ payload: PayloadReader) async throws -> Bytes {
    let text = try payload.text("content")
    let content =
      switch try Encoding(payload) {
      case .utf8: Bytes(text)
      case .base64: try PayloadReader.bytes(base64: text, at: "content")
      }
    let appends = try payload.flag("append")
    try await threads.run { [store] in
      if appends { try store.append(content, to: place) } else { try store.write(content, to: place) }
    }
    return answer([("path", .string(place.path)), ("bytes", .integer(content.count))])
  }

  private func list(_ place: AllowedPaths.Place) async throws -> Bytes {
    let entries = try await threads.run { [store] in try store.list(place) }
    let listed = entries.map { entry in
      var object = JSONObject([("name", .string(entry.name)), ("type", .string(entry.kind.rawValue))])
      if let bytes = entry.nameBytes { object.append("name_base64", .string(Base64.encode(bytes))) }
      if let bytes = entry.bytes { object.append("bytes", .integer(bytes)) }
      return JSONValue.object(object)
    }
    return answer([("path", .string(place.path)), ("entries", .array(listed))])
  }

  private func delete(_ place: AllowedPaths.Place) async throws -> Bytes {
    let deleted = try await threads.run { [store] in try store.delete(place) }
    return answer([("path", .string(place.path)), ("deleted", .boolean(deleted))])
  }

  private func answer(_ members: [(String, JSONValue)]) -> Bytes { JSONValue.object(JSONObject(members)).encoded() }
}
