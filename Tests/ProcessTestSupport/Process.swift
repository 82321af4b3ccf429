import Glibc
import OnexCore
import OnexKernel
import Synchronization

/// A built executable as a child process, with its output in a file.
package final class Process: Sendable {
  package let pid: pid_t
  package let logPath: String
  private let status = Mutex<Int32?>(nil)

  /// - Parameters:
  ///   - executable: one of the built ones by name, any other by its path.
  ///   - environment: nothing else is inherited but `PATH`.
  package init(_ executable: String, _ arguments: [String] = [], environment: [String: String]) throws {
    let path =
      executable.hasPrefix("/") ? executable : try TestEnvironment.value("ONEX_TEST_BIN_DIR") + "/" + executable
    let name = executable.split(separator: "/").last ?? "process"
    logPath = "\(TestEnvironment.scratch)/\(name)-\(RandomIDSource().next()).log"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, logPath, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let all = environment.merging(["PATH": TestEnvironment.optional("PATH") ?? ""]) { own, _ in own }
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    // The threads of Swift's pool block signals, and a child would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child = pid_t()
    let code = posix_spawn(&child, path, &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw TestFailure("\(path) cannot be started: \(String(cString: strerror(code)))") }
    pid = child
  }

  deinit {
    if status.withLock({ $0 }) == nil {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
  }

  package func signal(_ number: Int32) { kill(pid, number) }

  /// What the process ended with; a signal counts as 128 and its number, as in a shell.
  package func exitCode(within limit: Duration) async throws -> Int32 {
    try await TestEnvironment.eventually("\(logPath): the process ends", within: limit) {
      self.code
    }
  }

  /// The same; `nil` while it runs.
  package var code: Int32? {
    status.withLock { status in
      if status == nil {
        var raw: Int32 = 0
        if waitpid(pid, &raw, WNOHANG) == pid { status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F) }
      }
      return status
    }
  }

  package var output: String {
    if case .success(let text) = DeclarationFiles.read(logPath) { text.text } else { "" }
  }

  /// Runs to the end.
  package static func run(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], within limit: Duration = .seconds(60)
  ) async throws -> (code: Int32, output: String) {
    let process = try Process(executable, arguments, environment: environment)
    let code = try await process.exitCode(within: limit)
    return (code, process.output)
  }
}
