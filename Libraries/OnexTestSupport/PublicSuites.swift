import Glibc
import OnexCore

/// The published test suites that some tests run. They are data of others and no part of the repository: a checkout may be without
/// them, and then the tests that need them are reported as skipped, with `howToGet` as the reason.
///
///     @Test(.enabled(if: PublicSuites.jsonParsing.isPresent, "\(PublicSuites.jsonParsing.howToGet)"))
public struct PublicSuites: Sendable {
  /// https://github.com/nst/JSONTestSuite, `test_parsing`: `y_` must be accepted, `n_` refused, `i_` may be either.
  public static let jsonParsing = PublicSuites("json-parsing", from: "test_parsing of https://github.com/nst/JSONTestSuite")
  /// https://github.com/json-schema-org/JSON-Schema-Test-Suite, the required tests of draft 2020-12.
  public static let jsonSchema = PublicSuites(
    "json-schema-2020-12", from: "tests/draft2020-12 of https://github.com/json-schema-org/JSON-Schema-Test-Suite")

  public struct File: Sendable {
    public let name: String
    public let content: Bytes
  }

  private static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  public let folder: String
  public let howToGet: String

  private init(_ name: String, from source: String) {
    let suites = getenv("ONEX_SUITES_DIR").map { String(cString: $0) } ?? PublicSuites.repository + "/../shared/data"
    folder = suites + "/" + name
    howToGet = "the suite \(name) is not at \(folder): copy \(source) to a folder \(name) and name its parent in ONEX_SUITES_DIR"
  }

  /// Whether the folder holds at least one file of the suite.
  public var isPresent: Bool { !names.isEmpty }

  /// The suite's `.json` files in the order of their names.
  ///
  /// - Throws: when one cannot be read.
  public func files() throws -> [File] {
    try names.map { name in
      guard let file = fopen("\(folder)/\(name)", "r") else { throw Unreadable(description: "\(folder)/\(name): errno \(errno)") }
      defer { fclose(file) }
      var content: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65536)
      while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { content += chunk[..<count] }
      guard ferror(file) == 0 else { throw Unreadable(description: "\(folder)/\(name) cannot be read to its end") }
      return File(name: name, content: Bytes(content))
    }
  }

  public struct Unreadable: Error, CustomStringConvertible {
    public let description: String
  }

  private var names: [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".json") { names.append(name) }
    }
    return names.sorted()
  }
}
