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
    var router = OperationRouter()
    var contracts: [HandlerContract] = []
    var failed: [FailedContract] = []
    var fileOfHandler: [String: String] = [:]
    for var reading in readings {
      if let contract = reading.contract {
        let conflicts = conflicts(of: contract, reading, &router, fileOfHandler)
        if !conflicts.isEmpty { reading.fail(conflicts) }
      }
      guard let contract = reading.contract else {
        failed.append(FailedContract(name: reading.name, file: reading.file, problems: reading.problems))
        continue
      }
      fileOfHandler[contract.name] = contract.file
      contracts.append(contract)
    }
    return ContractCatalogue(contracts: contracts, failed: failed, directoryProblems: directoryProblems, router: router)
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
