import Glibc
import OnexCore
import OnexKernel

/// The repository's Swift sources as text.
struct SourceTree {
  struct File {
    /// Below the repository's root.
    let path: String
    let lines: [Substring]
    private let text: String

    init(path: String, text: String) {
      self.path = path
      self.text = text
      lines = self.text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// Modules that the file imports.
    var imports: [String] {
      lines.compactMap { line in
        var words = line.split(separator: " ")[...]
        while let first = words.first, first.hasPrefix("@") || first == "public" || first == "private" { words.removeFirst() }
        guard words.first == "import", let name = words.dropFirst().first else { return nil }
        return String(name)
      }
    }
  }

  static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// Every Swift file below `folder`, in order.
  static func files(below folder: String) -> [File] {
    paths(root + "/" + folder).filter { $0.hasSuffix(".swift") }.sorted().map { path in
      guard case .success(let text) = DeclarationFiles.read(path) else { preconditionFailure("\(path) cannot be read") }
      return File(path: String(path.dropFirst(root.count + 1)), text: text.text)
    }
  }

  private static func paths(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      let path = folder + "/" + name
      var status = stat()
      guard stat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR { found += paths(path) } else { found.append(path) }
    }
    return found
  }
}
