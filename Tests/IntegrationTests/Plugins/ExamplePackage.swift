import Glibc

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

/// A thread for one piece of work that blocks.
enum OwnThread {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let work = Work { continuation.resume(with: Result { try body() }) }
      var thread = pthread_t()
      let status = pthread_create(
        &thread, nil,
        { work in
          if let work { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().body() }
          return nil
        }, Unmanaged.passRetained(work).toOpaque())
      if status == 0 { pthread_detach(thread) } else { fatalError("no thread for the test: error \(status)") }
    }
  }
}
