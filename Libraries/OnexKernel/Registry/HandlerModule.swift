import OnexCore

/// Handler types of one module, by the names that contracts use for them. Linked Swift types are one such source, plug-ins
/// another.
public protocol HandlerModule: Sendable {
  /// The part of `handler_class` before the first dot.
  var name: String { get }

  /// The type names that this module offers.
  var typeNames: [String] { get }

  /// Whether `make` may be asked for the type; by default, whether it is one of `typeNames`.
  func offers(_ typeName: String) -> Bool

  /// Makes the handler.
  ///
  /// - Throws: `HandlerLoadError` with `IMPORT_ERROR` when the handler's own initialisation fails.
  func make(_ typeName: String, _ setup: HandlerSetup) throws(HandlerLoadError) -> any Handler
}

extension HandlerModule {
  public func offers(_ typeName: String) -> Bool { typeNames.contains(typeName) }
}

/// Why a contract's handler could not be made.
public struct HandlerLoadError: Error, Sendable, CustomStringConvertible {
  public enum Code: String, Sendable {
    case moduleNotFound = "MODULE_NOT_FOUND"
    case classNotFound = "CLASS_NOT_FOUND"
    case importError = "IMPORT_ERROR"
    case namespaceNotTrusted = "NAMESPACE_NOT_TRUSTED"
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "\(code.rawValue): \(message)" }
}
