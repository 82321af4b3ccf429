import OnexCore
import OnexYAML

/// Loads every `handler_contract.yaml` and `contract.yaml` below a directory.
public enum ContractDirectory {
  /// Reads and checks all contracts. Never throws: what is wrong is told in the catalogue, and one bad contract does not stop the
  /// others. Of two contracts with the same handler name or operation the one whose path sorts first is in force.
  ///
  /// Blocks on the file system; meant for start-up and for tools.
  ///
  /// - Parameters:
  ///   - path: named in problems as given, so that they can be followed from where the process was started.
  ///   - trustedNamespaces: modules (`OnexCompute`) or types inside them that handlers may come from; `nil` trusts all.
  public static func load(
    _ path: String, trustedNamespaces: [String]? = nil, limits: ContractLimits = .standard
  ) -> ContractCatalogue {
    let files = ContractFiles(limits: limits)
    var (paths, directoryProblems) = files.discover(path)
    if paths.isEmpty, directoryProblems.isEmpty {
      let names = ContractFiles.names.sorted().joined(separator: " or ")
      directoryProblems.append(ContractProblem(.contractNotFound, file: path, "there is no \(names) in or below this folder"))
    }
    let reader = ContractReader(schemas: SchemaFiles(root: path, files: files), trustedNamespaces: trustedNamespaces)
    let readings = paths.map { read($0, reader, files) }
    return assemble(readings, directoryProblems)
  }

  /// Checks the text of one contract by itself, for editors, `onexctl contracts lint` and fuzzing.
  ///
  /// - Parameter directory: where schemas that it refers to are looked up.
  public static func check(
    _ text: Bytes, file: String, directory: String, trustedNamespaces: [String]? = nil, limits: ContractLimits = .standard
  ) -> Result<HandlerContract, ContractProblems> {
    guard text.count <= limits.fileBytesMax else { return .failure(ContractProblems([tooLarge(file, limits)])) }
    let schemas = SchemaFiles(root: directory, files: ContractFiles(limits: limits))
    let reading = ContractReader(schemas: schemas, trustedNamespaces: trustedNamespaces).read(text, file: file)
    return reading.contract.map { .success($0) } ?? .failure(ContractProblems(reading.problems))
  }

  private static func read(_ path: String, _ reader: ContractReader, _ files: ContractFiles) -> ContractReading {
    let folder = path.split(separator: "/").dropLast().last.map(String.init) ?? path
    let problem: ContractProblem
    do throws(ContractFiles.ReadError) {
      return reader.read(try files.read(path), file: path)
    } catch {
      problem =
        switch error {
        case .tooLarge: tooLarge(path, files.limits)
        case .notFound: ContractProblem(.contractNotFound, file: path, "the file does not exist any more")
        case .unreadable(let reason): ContractProblem(.contractNotFound, file: path, "the file cannot be read: \(reason)")
        }
    }
    return ContractReading(name: folder, file: path, problems: [problem])
  }

  private static func tooLarge(_ path: String, _ limits: ContractLimits) -> ContractProblem {
    ContractProblem(.fileTooLarge, file: path, "a contract has at most \(limits.fileBytesMax) bytes")
  }

  private static func assemble(_ readings: [ContractReading], _ directoryProblems: [ContractProblem]) -> ContractCatalogue {
    var readings = readings
    var router = OperationRouter()
    var fileOfHandler: [String: String] = [:]
    for index in readings.indices {
      guard let contract = readings[index].contract else { continue }
      let conflicts = conflicts(of: contract, readings[index], &router, fileOfHandler)
      if conflicts.isEmpty { fileOfHandler[contract.name] = contract.file } else { readings[index].fail(conflicts) }
    }
    // Only now is it known what the others answer. A refused workflow changes nothing for the other workflows: none may call it.
    let calls = CallCheck(readings, router)
    for index in readings.indices where readings[index].contract != nil {
      let problems = calls.problems(of: readings[index])
      if !problems.isEmpty { readings[index].fail(problems) }
    }
    let contracts = readings.compactMap(\.contract)
    var accepted = OperationRouter()
    for contract in contracts { _ = accepted.add(contract) }
    let failed = readings.filter { $0.contract == nil }.map {
      FailedContract(name: $0.name, file: $0.file, problems: $0.problems)
    }
    return ContractCatalogue(contracts: contracts, failed: failed, directoryProblems: directoryProblems, router: accepted)
  }

  /// What stands against `contract` in the contracts before it; it is routed when nothing does.
  private static func conflicts(
    of contract: HandlerContract, _ reading: ContractReading, _ router: inout OperationRouter,
    _ fileOfHandler: [String: String]
  ) -> [ContractProblem] {
    var candidate = router
    var problems = candidate.add(contract).map { conflict in
      let position = Operation(conflict.operation).flatMap { reading.operationPositions[$0] } ?? reading.namePosition
      return ContractProblem(
        .duplicateOperation, file: contract.file, at: position,
        "the operation \(conflict.operation) is already answered by handler \(conflict.owner.name) (\(conflict.owner.file))")
    }
    if let first = fileOfHandler[contract.name] {
      problems.insert(
        ContractProblem(
          .duplicateHandler, file: contract.file, at: reading.namePosition,
          "the handler \(contract.name) is already declared in \(first)"), at: 0)
    }
    if problems.isEmpty { router = candidate }
    return problems
  }
}

/// Finds steps of workflows that could never succeed, before a run has done half of its work.
private struct CallCheck {
  private let router: OperationRouter
  private let known: [String]
  /// Operations of contracts that were refused, with their files.
  private var refused: [Operation: String] = [:]

  init(_ readings: [ContractReading], _ router: OperationRouter) {
    self.router = router
    known = router.routes.filter { !$0.route.contract.kind.keepsStreams }.map(\.operation)
    for reading in readings where reading.contract == nil {
      for operation in reading.operationPositions.keys { refused[operation] = reading.file }
    }
  }

  func problems(of reading: ContractReading) -> [ContractProblem] {
    var seen: [Operation: String] = [:]
    return reading.calls.compactMap { call in
      let operation = call.value
      if let message = seen[operation] ?? message(operation) {
        seen[operation] = message
        return ContractProblem(.invalidField, file: reading.file, at: call.position, message)
      }
      return nil
    }
  }

  private func message(_ operation: Operation) -> String? {
    guard let route = router.route(operation) else {
      if let file = refused[operation] {
        return "the operation \(operation) is answered by \(file), which is refused itself"
      }
      let hint = NearestName.suggestion(for: operation.name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      return "no contract answers the operation \(operation)\(hint)"
    }
    guard route.contract.kind.keepsStreams else { return nil }
    return
      "\(operation) is of kind \(route.contract.kind.rawValue) (\(route.contract.file)); a step can call effects and compute only"
  }
}

extension HandlerKind {
  /// `runtime-main` runs it by streams; nothing but a client's request may ask for it.
  fileprivate var keepsStreams: Bool { self == .reducer || self == .orchestrator }
}
