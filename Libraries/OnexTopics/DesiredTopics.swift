import OnexCore
import OnexKernel

/// The topics that should exist: what `contracts/topics/*.yaml` declares, and what handlers' contracts read and write.
public struct DesiredTopics: Sendable {
  /// For a topic that only a handler's contract names.
  static let defaultPartitions = 6

  /// By name.
  public private(set) var topics: [String: TopicDeclaration] = [:]
  public private(set) var problems: [ContractProblem]

  /// Reads `<directory>/topics/*.yaml` and every handler contract below `directory`. Blocks.
  public static func load(_ directory: String) -> DesiredTopics {
    DesiredTopics(directory: directory, contracts: ContractDirectory.load(directory))
  }

  /// - Parameter catalogue: the handler contracts of the same directory.
  public init(directory: String, contracts catalogue: ContractCatalogue) {
    var declarations: [TopicDeclaration] = []
    let folder = directory + "/topics"
    var problems = DesiredTopics.problems(of: folder)
    for path in DeclarationFiles.paths(in: folder) {
      switch DeclarationFiles.read(path) {
      case .failure(let problem): problems.append(problem)
      case .success(let text):
        let file = TopicDeclarationFile.read(text, file: path)
        declarations += file.declarations
        problems += file.problems
      }
    }
    // A folder that declares topics and has no handlers is complete.
    let hasOnlyTopics = catalogue.contracts.isEmpty && catalogue.failed.isEmpty && !declarations.isEmpty
    let others = catalogue.problems.filter { !(hasOnlyTopics && $0.code == .contractNotFound && $0.file == directory) }
    self.init(declarations, contracts: catalogue.contracts, problems: problems + others)
  }

  /// Files that somebody meant to be read and that nothing reads.
  private static func problems(of folder: String) -> [ContractProblem] {
    DeclarationFiles.paths(in: folder, suffix: ".yml").map {
      ContractProblem(.invalidField, file: $0, "declarations are read from *.yaml only: rename this file")
    }
  }

  /// - Parameter problems: found while reading; conflicts are added to them.
  public init(_ declarations: [TopicDeclaration], contracts: [HandlerContract], problems: [ContractProblem] = []) {
    self.problems = problems
    for declaration in declarations { add(declaration) }
    for declaration in declarations { if let twin = declaration.deadLetters { addTwin(twin) } }
    for contract in contracts {
      for name in contract.eventBus.subscribeTopics + contract.eventBus.publishTopics where topics[name.description] == nil {
        topics[name.description] = TopicDeclaration(
          name: name, partitions: DesiredTopics.defaultPartitions, replicationFactor: 1, owner: contract.name, file: contract.file
        )
      }
    }
  }

  private mutating func add(_ declaration: TopicDeclaration) {
    let name = declaration.name.description
    guard let first = topics[name] else {
      topics[name] = declaration
      return
    }
    problems.append(
      ContractProblem(
        .invalidField, file: declaration.file, line: declaration.line, column: declaration.column,
        "the topic \(name) is already declared in \(first.file):\(first.line):\(first.column)"))
  }

  /// A twin that is declared by itself as well keeps what is said there.
  private mutating func addTwin(_ twin: TopicDeclaration) {
    if topics[twin.name.description] == nil { topics[twin.name.description] = twin }
  }
}
