import Glibc
import OnexCore
import OnexKernel

/// A contracts directory of its own for one test; deleted with its owner.
final class ContractsFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/onex-contracts-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no temporary folder: \(String(cString: strerror(errno)))") }
    path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  deinit { ContractsFolder.delete(path) }

  func write(_ name: String, _ text: String) {
    folders(of: name)
    guard let file = fopen(path + "/" + name, "w") else { fatalError("cannot write \(name)") }
    text.withCString { text in _ = fwrite(text, 1, strlen(text), file) }
    fclose(file)
  }

  func link(_ name: String, to target: String) {
    folders(of: name)
    guard symlink(target, path + "/" + name) == 0 else { fatalError("cannot link \(name)") }
  }

  func load(trusting namespaces: [String]? = nil, limits: ContractLimits = .standard) -> ContractCatalogue {
    ContractDirectory.load(path, trustedNamespaces: namespaces, limits: limits)
  }

  /// Descriptions of problems with the folder's own path left out.
  func shown(_ problems: [ContractProblem]) -> [String] {
    problems.map { problem in
      let file = problem.file.hasPrefix(path + "/") ? String(problem.file.dropFirst(path.count + 1)) : problem.file
      let message = problem.message.split(separator: path + "/", omittingEmptySubsequences: false).joined()
      return ContractProblem(problem.code, file: file, line: problem.line, column: problem.column, message).description
    }
  }

  /// Links are deleted, not followed.
  private static func delete(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR, let stream = opendir(path) {
      defer { closedir(stream) }
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
          field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { delete(path + "/" + name) }
      }
    }
    remove(path)
  }

  private func folders(of name: String) {
    var folder = path
    for segment in name.split(separator: "/").dropLast() {
      folder += "/" + segment
      mkdir(folder, 0o755)
    }
  }
}
