import Glibc
import OnexTestSupport

/// A package under `Examples/`, built in one folder with the others: they share what they depend on.
enum ExamplePackage {
  /// - Returns: the folder of its products.
  static func build(_ name: String) async throws -> String {
    let products = "\(CPlugins.repository)/.build-examples"
    mkdir(products, 0o777)
    // The compiler takes minutes at worst, which a thread of the shared pool is too dear for.
    return try await OwnThread.run {
      let arguments = [
        "swift", "build", "--package-path", "\(CPlugins.repository)/Examples/\(name)", "--scratch-path",
        "\(products)/\(name)",
      ]
      try Program.run(arguments, output: "\(products)/\(name).log")
      let path = try Program.run(arguments + ["--show-bin-path"], output: "\(products)/\(name).path")
      return String(path.split(separator: "\n").last ?? "")
    }
  }
}
