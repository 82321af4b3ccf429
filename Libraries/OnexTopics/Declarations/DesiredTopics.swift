import OnexCore
import OnexKernel

/// The topics that should exist: what `contracts/topics/*.yaml` declares, as the environment's overlay changes it, and what handlers'
/// contracts read and write.
public struct DesiredTopics: Sendable, Equatable {
  /// For a topic that only a handler's contract names.
  static let defaultPartitions = 6

  /// By name.
  public private(set) var topics: [String: TopicDeclaration] = [:]
  public private(set) var problems: [ContractProblem]
  /// What is wrong with the overlay: until it is right nobody knows how large a topic is to be, or how long it keeps its records.
  public private(set) var overlayProblems: [ContractProblem]
  /// The overlay in force.
  public private(set) var overlayFile: String?
  /// The contracts that name a topic, by topic.
  public private(set) var uses: [String: [TopicUse]] = [:]

  /// Reads `<directory>/topics/*.yaml`, the overlay of `environment` and every handler contract below `directory`. Blocks.
  public static func load(_ directory: String, environment: String? = nil) -> DesiredTopics {
    DesiredTopics(directory: directory, contracts: ContractDirectory.load(directory), environment: environment)
  }

  /// The environments that have an overlay. Blocks.
  public static func environments(in directory: String) -> [String] {
    DeclarationFiles.paths(in: TopicOverlayFile.folder(directory)).compactMap { path in
      path.split(separator: "/").last.map { String($0.dropLast(".yaml".count)) }
    }
  }

  /// - Parameters:
  ///   - catalogue: the handler contracts of the same directory.
  ///   - environment: whose overlay is in force; `nil`, or one without a file, leaves the declarations as they are.
  public init(directory: String, contracts catalogue: ContractCatalogue, environment: String? = nil) {
    var declarations: [TopicDeclaration] = []
    let folder = directory + "/topics"
    var problems = DesiredTopics.problems(of: folder) + DesiredTopics.problems(of: TopicOverlayFile.folder(directory))
    for path in DeclarationFiles.paths(in: folder) {
      switch DeclarationFiles.read(path, within: folder) {
      case .failure(let problem): problems.append(problem)
      case .success(let text):
        let file = TopicDeclarationFile.read(text, file: path)
        declarations += file.declarations
        problems += file.problems
      }
    }
    let overlay = DesiredTopics.overlay(directory, environment)
    // A folder that declares topics and has no handlers is complete.
    let hasOnlyTopics = catalogue.contracts.isEmpty && catalogue.failed.isEmpty && !declarations.isEmpty
    let others = catalogue.problems.filter { !(hasOnlyTopics && $0.code == .contractNotFound && $0.file == directory) }
    self.init(
      declarations, contracts: catalogue.contracts, overlay: overlay.overlay, problems: problems + others,
      overlayProblems: overlay.problems)
    overlayFile = overlay.file
  }

  /// Files that somebody meant to be read and that nothing reads.
  private static func problems(of folder: String) -> [ContractProblem] {
    DeclarationFiles.paths(in: folder, suffix: ".yml").map {
      ContractProblem(.invalidField, file: $0, "declarations are read from *.yaml only: rename this file")
    }
  }

  private static func overlay(
    _ directory: String, _ environment: String?
  ) -> (overlay: TopicOverlay, problems: [ContractProblem], file: String?) {
    let folder = TopicOverlayFile.folder(directory)
    guard let environment else { return (.none, [], nil) }
    let path = "\(folder)/\(environment).yaml"
    guard DeclarationFiles.paths(in: folder).contains(path) else { return (.none, [], nil) }
    switch DeclarationFiles.read(path, within: folder) {
    case .failure(let problem): return (.none, [problem], path)
    case .success(let text):
      let file = TopicOverlayFile.read(text, file: path)
      return (file.overlay, file.problems, path)
    }
  }

  /// - Parameters:
  ///   - problems: found while reading; conflicts are added to them.
  ///   - overlayProblems: found while reading the overlay; what it says of topics that nobody declares is added to both.
  public init(
    _ declarations: [TopicDeclaration], contracts: [HandlerContract], overlay: TopicOverlay = .none,
    problems: [ContractProblem] = [], overlayProblems: [ContractProblem] = []
  ) {
    self.problems = problems
    self.overlayProblems = overlayProblems
    let overlaid = declarations.map { overlay.applied(to: $0) }
    for declaration in overlaid { add(declaration) }
    for declaration in overlaid { addTwin(of: declaration, overlay) }
    checkNames(overlay)
    for contract in contracts {
      for name in contract.eventBus.subscribeTopics + contract.eventBus.publishTopics where topics[name.description] == nil {
        let implied = TopicDeclaration(
          name: name, partitions: DesiredTopics.defaultPartitions, replicationFactor: 1, owner: contract.name, isImplied: true,
          file: contract.file)
        topics[name.description] = overlay.applied(to: implied)
      }
    }
    uses = TopicUse.all(in: contracts)
    checkCollisions()
    self.problems += self.overlayProblems
  }

  private mutating func checkNames(_ overlay: TopicOverlay) {
    for (name, entry) in overlay.topics.sorted(by: { $0.value.line < $1.value.line }) where topics[name] == nil {
      let hint = NearestName.suggestion(for: name, among: topics.keys.sorted()).map { "did you mean \($0)?" }
      overlayProblems.append(
        ContractProblem(
          .invalidField, file: entry.file, line: entry.line, column: entry.column,
          "the topic \(name) is not declared in contracts/topics; \(hint ?? "an overlay changes declared topics only")"))
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
  private mutating func addTwin(of declaration: TopicDeclaration, _ overlay: TopicOverlay) {
    do {
      guard let twin = try declaration.deadLetters() else { return }
      guard let own = topics[twin.name.description] else {
        topics[twin.name.description] = overlay.applied(toTwin: twin)
        return
      }
      guard own.configuration["cleanup.policy"]?.contains("compact") == true else { return }
      problems.append(
        ContractProblem(
          .invalidField, file: own.file, line: own.line, column: own.column,
          "\(own.name) holds dead letters and is declared with cleanup.policy \(own.configuration["cleanup.policy"] ?? ""): compaction "
            + "refuses records without a key and keeps one of each key; declare delete"))
    } catch {
      let name = Topics.deadLetters(of: declaration.name.description)
      problems.append(
        ContractProblem(
          .invalidField, file: declaration.file, line: declaration.line, column: declaration.column,
          "dlq: the dead-letter topic \(name) would have \(name.utf8.count) characters: \(error.description); shorten the name, or "
            + "say dlq: false"))
    }
  }

  /// Brokers name a topic's metrics with `.` written as `_`, and refuse a topic whose metrics would be those of another one
  /// (`InvalidTopicException`, Kafka's `Topic.hasCollision`).
  private mutating func checkCollisions() {
    var first: [String: TopicDeclaration] = [:]
    for topic in topics.values.sorted(by: { $0.name.description < $1.name.description }) {
      let metric = String(topic.name.description.map { $0 == "." ? "_" : $0 })
      guard let other = first[metric] else {
        first[metric] = topic
        continue
      }
      problems.append(
        ContractProblem(
          .invalidField, file: topic.file, line: topic.line, column: topic.column,
          "the topics \(topic.name) and \(other.name) (\(other.file):\(other.line):\(other.column)) collide: a broker takes '.' and '_' for "
            + "the same and makes one of them only; rename one"))
    }
  }
}
