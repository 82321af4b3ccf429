import Dispatch
import Glibc
import OnexCore
import Synchronization

/// A database server of the test's own, because restarting the shared one would disturb other tests.
package final class PrivatePostgres: Sendable {
  /// How often a port is looked for that is still free when the server starts.
  private static let portsMax = 5

  private let chosenPort = Mutex(0)
  private let directory: String
  private let binaries: String

  package var port: Int { chosenPort.withLock { $0 } }

  package var url: String { "postgresql://postgres@127.0.0.1:\(port)/postgres" }

  /// Creates the cluster and starts it.
  package init() async throws {
    binaries = try PrivatePostgres.findBinaries()
    var template = Array("/tmp/onex-postgres.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("no temporary directory: errno \(errno)") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if geteuid() == 0, let user = getpwnam("postgres") { chown(directory, user.pointee.pw_uid, user.pointee.pw_gid) }
    try await run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
    try await startSomewhere()
  }

  /// Between the look and the start whatever else runs on this machine may take the port. A later start keeps it.
  private func startSomewhere() async throws {
    for attempt in 1...PrivatePostgres.portsMax {
      let port = try TestEnvironment.lastingPort()
      chosenPort.withLock { $0 = port }
      do {
        return try await start()
      } catch  where attempt < PrivatePostgres.portsMax {
        continue
      }
    }
  }

  package func start() async throws {
    let options = "-p \(port) -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=16MB"
    try await run("pg_ctl", "-D", data, "-o", options, "-l", "\(directory)/log", "-w", "-t", "30", "start")
  }

  /// As a crash would: sessions are cut, and the next start recovers from the log.
  package func crash() async throws { try await stop("immediate") }

  /// - Parameter mode: `immediate`, or `fast`, which rolls back what is under way and writes everything down.
  package func stop(_ mode: String) async throws { try await run("pg_ctl", "-D", data, "-m", mode, "-w", "-t", "30", "stop") }

  package func remove() async {
    try? await crash()
    try? await PrivatePostgres.execute(["/bin/rm", "-rf", directory])
  }

  private var data: String { "\(directory)/data" }

  private func run(_ tool: String, _ arguments: String...) async throws {
    // The server refuses to run as root.
    let user = geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : []
    // Its user may not be able to read the folder that the tests run in.
    try await PrivatePostgres.execute(["/usr/bin/env", "-C", "/"] + user + ["\(binaries)/\(tool)"] + arguments)
  }

  /// Waiting for a program blocks its thread, which must not be one of Swift's own.
  private static func execute(_ arguments: [String]) async throws {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try spawn(arguments) }) }
    }
  }

  /// Runs a program to its end, without its output.
  private static func spawn(_ arguments: [String]) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var process = pid_t()
    guard posix_spawn(&process, arguments[0], &actions, nil, &pointers, environ) == 0 else {
      throw TestFailure("\(arguments[0]) could not be started")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    guard status == 0 else { throw TestFailure("\(arguments.joined(separator: " ")) ended with status \(status)") }
  }

  /// Debian keeps the server's programs of each version in a folder of its own.
  private static func findBinaries() throws -> String {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("/usr/lib/postgresql/*/bin/initdb", 0, nil, &found) == 0, let path = found.gl_pathv?[Int(found.gl_pathc) - 1]
    else {
      throw TestFailure("PostgreSQL's server is not installed: run make test")
    }
    return String(String(cString: path).dropLast("/initdb".count))
  }
}
