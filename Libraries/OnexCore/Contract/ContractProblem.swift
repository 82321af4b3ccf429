/// One reason why a contract was not accepted, or why a handler could not be loaded for it.
public struct ContractProblem: Error, Sendable, Hashable, CustomStringConvertible {
  /// The codes of contract loading (WIRE "Error codes").
  public enum Code: String, Sendable, Hashable, CaseIterable {
    case contractNotFound = "CONTRACT_NOT_FOUND"
    case invalidYAML = "INVALID_YAML"
    case missingField = "MISSING_FIELD"
    case invalidField = "INVALID_FIELD"
    case unknownField = "UNKNOWN_FIELD"
    case duplicateHandler = "DUPLICATE_HANDLER"
    case duplicateOperation = "DUPLICATE_OPERATION"
    case fileTooLarge = "FILE_TOO_LARGE"
    case moduleNotFound = "MODULE_NOT_FOUND"
    case classNotFound = "CLASS_NOT_FOUND"
    case importError = "IMPORT_ERROR"
    case namespaceNotTrusted = "NAMESPACE_NOT_TRUSTED"
  }

  public let code: Code
  public let file: String
  /// From 1.
  public let line: Int
  /// From 1, in Unicode scalars.
  public let column: Int
  public let message: String

  public init(_ code: Code, file: String, line: Int = 1, column: Int = 1, _ message: String) {
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }

  /// `file:line:column: CODE: message`
  public var description: String { "\(file):\(line):\(column): \(code.rawValue): \(message)" }
}
