import OnexCore
import OnexJSON
import OnexYAML

/// Reads the schemas that contracts refer to by path, each file once.
final class SchemaFiles {
  enum Outcome {
    case schema(JSONSchema)
    /// What is wrong inside the schema file.
    case problems([ContractProblem])
    /// What is wrong with the reference itself.
    case unusable(String)
  }

  static let folder = "schemas"

  private let root: String
  private let files: ContractFiles
  private var outcomes: [ExactText: Outcome] = [:]

  init(root: String, files: ContractFiles) {
    self.root = root
    self.files = files
  }

  /// - Parameter path: relative to the contracts directory: `schemas/name.yaml` or `schemas/folder/name.json`.
  func load(_ path: String) -> Outcome {
    let key = ExactText(path)
    if let known = outcomes[key] { return known }
    let outcome = read(path)
    outcomes[key] = outcome
    return outcome
  }

  private func read(_ path: String) -> Outcome {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = segments.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    guard segments.count >= 2, segments[0] == SchemaFiles.folder, isPlain, !path.utf8.contains(0) else {
      return .unusable(
        "names no schema: the path must begin with \(SchemaFiles.folder)/ inside the contracts directory and contain no \"..\"")
    }
    let isJSON = path.hasSuffix(".json")
    guard isJSON || path.hasSuffix(".yaml") || path.hasSuffix(".yml") else {
      return .unusable("names no schema: the file must end in .json, .yaml or .yml")
    }
    let file = root.hasSuffix("/") ? root + path : root + "/" + path
    guard let real = ContractFiles.canonical(file) else { return .unusable("refers to \(file), which does not exist") }
    guard let folder = ContractFiles.canonical(root + "/" + SchemaFiles.folder), real.utf8.starts(with: (folder + "/").utf8)
    else {
      return .unusable("refers to \(file), which is a link out of the contracts directory")
    }
    do throws(ContractFiles.ReadError) {
      let text = try files.read(real)
      return isJSON ? SchemaFiles.json(text, file: file) : SchemaFiles.yaml(text, file: file)
    } catch {
      switch error {
      case .tooLarge:
        let message = "a schema file has at most \(files.limits.fileBytesMax) bytes"
        return .problems([ContractProblem(.fileTooLarge, file: file, message)])
      case .notFound: return .unusable("refers to \(file), which does not exist")
      case .unreadable(let reason): return .unusable("refers to \(file), which cannot be read: \(reason)")
      }
    }
  }

  private static func yaml(_ text: Bytes, file: String) -> Outcome {
    do {
      let node = try YAML.parse(text, file: file)
      return compile(try node.toJSON(file: file), file: file) { node.position(of: $0) }
    } catch {
      return .problems(error.problems.map { ContractProblem($0) })
    }
  }

  private static func json(_ text: Bytes, file: String) -> Outcome {
    do {
      let value = try JSONValue.parse(text)
      // Nearly all JSON is YAML, whose reader knows positions; where it is not, the pointer in the message must do.
      let node = try? YAML.parse(text, file: file)
      return compile(value, file: file) { node?.position(of: $0) ?? .start }
    } catch {
      let position = text.withUnsafeBytes { YAMLPosition(ofByte: error.offset ?? 0, in: $0) }
      return .problems([
        ContractProblem(.invalidYAML, file: file, line: position.line, column: position.column, error.message)
      ])
    }
  }

  /// Compiles a schema that stands in `file`, inline or as all of it.
  static func compile(_ value: JSONValue, file: String, position: (JSONPointer) -> YAMLPosition) -> Outcome {
    do {
      return .schema(try JSONSchema.compile(value))
    } catch {
      return .problems(
        error.problems.map { problem in
          let place = position(problem.pointer)
          let subject = problem.pointer.tokens.isEmpty ? "the schema" : "schema \(problem.pointer)"
          return ContractProblem(
            problem.kind == .unknownKeyword ? .unknownField : .invalidField, file: file, line: place.line,
            column: place.column, "\(subject): \(problem.message)")
        })
    }
  }
}
