import Glibc
import OnexCore

/// YAML files that lie directly in a folder, for declarations other than handler contracts. Blocks.
public enum DeclarationFiles {
  /// The paths of `*.yaml` in order; none when the folder does not exist.
  public static func paths(in folder: String, suffix: String = ".yaml") -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream), names.count < ContractLimits.standard.entriesMax {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { String(cString: $0) }
      }
      if name.hasSuffix(suffix), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted().map { "\(folder)/\($0)" }
  }

  /// - Parameter folder: a link that leads out of it is not opened: problems quote what they are about.
  public static func read(_ path: String, within folder: String? = nil) -> Result<Bytes, ContractProblem> {
    if let folder, ContractFiles.canonical(path) != nil, !ContractFiles.isBelow(folder, path) {
      return .failure(ContractProblem(.contractNotFound, file: path, "is a link that leads out of \(folder) and is not followed"))
    }
    do throws(ContractFiles.ReadError) {
      return .success(try ContractFiles(limits: .standard).read(path))
    } catch {
      switch error {
      case .notFound: return .failure(ContractProblem(.contractNotFound, file: path, "the file does not exist any more"))
      case .unreadable(let reason):
        return .failure(ContractProblem(.contractNotFound, file: path, "the file cannot be read: \(reason)"))
      case .tooLarge:
        let limit = ContractLimits.standard.fileBytesMax
        return .failure(ContractProblem(.fileTooLarge, file: path, "a declaration has at most \(limit) bytes"))
      }
    }
  }
}
