import Glibc
import OnexCore
import OnexKernel

/// A generated file on disk. Blocks.
struct CatalogueFile {
  let path: String

  /// `nil` when the file does not exist or cannot be read.
  var text: String? { try? DeclarationFiles.read(path).get().text }

  /// Replaces the whole file at once, so that nobody reads half of it.
  ///
  /// - Returns: why it could not be written; `nil` when it was.
  func write(_ text: String) -> String? {
    let draft = path + ".new"
    guard let file = fopen(draft, "we") else { return String(cString: strerror(errno)) }
    let bytes = Array(text.utf8)
    let isComplete = fwrite(bytes, 1, bytes.count, file) == bytes.count
    guard fclose(file) == 0, isComplete, rename(draft, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(draft)
      return reason
    }
    return nil
  }
}
