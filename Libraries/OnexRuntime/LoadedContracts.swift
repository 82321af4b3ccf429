import OnexCore
import OnexKernel
import OnexService

/// Contracts and plug-ins as they were found at start, with what was wrong with them.
package struct LoadedContracts: Sendable {
  package let catalogue: ContractCatalogue
  let plugins: [any HandlerModule]
  /// The folder of the contracts, as it was given.
  let directory: String

  /// Reads both directories. Problems are logged and shown by health; they stop nothing but the handler they are about.
  package static func load(_ options: RoleOptions, _ context: ServiceContext) -> LoadedContracts {
    context.health.starting("load contracts")
    let catalogue = ContractDirectory.load(
      options.contractsDirectory, trustedNamespaces: options.trustedNamespaces.isEmpty ? nil : options.trustedNamespaces)
    for problem in catalogue.problems {
      context.logger.error(
        "contract refused",
        [
          "code": .string(problem.code.rawValue), "file": .string(problem.file), "line": .integer(problem.line),
          "column": .integer(problem.column), "problem": .string(problem.message),
        ])
    }
    guard let directory = options.pluginsDirectory else {
      return LoadedContracts(catalogue: catalogue, plugins: [], directory: options.contractsDirectory)
    }
    context.health.starting("load plug-ins")
    let found = PluginDirectory.load(
      directory, trustedNamespaces: options.trustedNamespaces.isEmpty ? nil : options.trustedNamespaces)
    for failure in found.failures {
      context.logger.error("plug-in refused", ["file": .string(failure.file), "problem": .string(failure.error.description)])
    }
    return LoadedContracts(catalogue: catalogue, plugins: found.modules, directory: options.contractsDirectory)
  }

  /// A folder without contracts is a wrong folder: a service that joined its group with it would refuse every request.
  ///
  /// - Throws: `ServiceFailure` (exit code 78) when there is no contract, valid or not.
  func requireSome() throws {
    guard catalogue.contracts.isEmpty, catalogue.failed.isEmpty else { return }
    let reasons = catalogue.directoryProblems.map(\.message).joined(separator: "; ")
    throw ServiceFailure.configuration("ONEX_CONTRACTS_DIR is \(directory), where no contract can be read: \(reasons)")
  }

  /// Tells health which handlers work.
  func report(_ table: HandlerTable, to context: ServiceContext) {
    report(active: table.loaded.count, table.failures, to: context)
  }

  /// As above, for the role that runs reducers and passes everything else on.
  func report(_ table: ReducerTable, to context: ServiceContext) {
    report(active: catalogue.contracts.count - table.failures.count, table.failures, to: context)
  }

  private func report(active: Int, _ failures: [HandlerTable.Failure], to context: ServiceContext) {
    for failure in failures {
      context.logger.error(
        "handler failed to load",
        [
          "handler": .string(failure.handler), "file": .string(failure.file), "code": .string(failure.error.code.rawValue),
          "problem": .string(failure.error.message),
        ])
    }
    report(active: active, failed: failures.map { ($0.handler, $0.error.description) }, to: context)
  }

  private func report(active: Int, failed: [(name: String, reason: String)], to context: ServiceContext) {
    let refused = catalogue.failed.map { ($0.name, $0.problems.first?.description ?? "") }
    let all = failed + refused
    context.health.handlers(registered: active + all.count, active: active, failed: all.map(\.0))
    guard !all.isEmpty else { return }
    let message = all.map { "\($0.0): \($0.1)" }.joined(separator: "; ")
    // With nothing left to run, the process can only refuse what it takes from others.
    context.health.raise("HANDLER_FAILED_TO_LOAD", message: message, blocksReadiness: active == 0)
  }
}
